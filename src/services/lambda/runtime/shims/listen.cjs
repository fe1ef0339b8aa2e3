// Within a network of its own, a sandbox has nobody to listen for it: its first process opens the ports and hands
// them out to Cloudkeep, which serves them from outside. From then on nothing but those ports leads out.
// The function's variables come last: none of its code may run while there is a line to Cloudkeep.
"use strict";
const net = require("node:net");
const { Module } = require("node:module");

/** Opens the ports in CLOUDKEEP_LISTEN, hands each to the parent, takes the variables, and cuts the line. */
exports.handOut = async () => {
  const ports = (process.env.CLOUDKEEP_LISTEN ?? "").split(",").filter((port) => port !== "");
  delete process.env.CLOUDKEEP_LISTEN;
  delete process.env.NODE_CHANNEL_FD;
  delete process.env.NODE_CHANNEL_SERIALIZATION_MODE;
  if (process.send === undefined) return;
  const told = new Promise((resolve) => process.once("message", resolve));
  for (const port of ports) {
    const server = net.createServer();
    await new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(Number(port), "127.0.0.1", 511, resolve);
    });
    await new Promise((resolve, reject) => {
      process.send({ port: Number(port) }, server, (error) => (error ? reject(error) : resolve()));
    });
    server.close();
  }
  const { variables } = await told;
  process.disconnect();
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, variables);
  // NODE_PATH is read when a process begins.
  Module._initPaths();
};
