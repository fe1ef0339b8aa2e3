import { readdirSync, readFileSync } from "node:fs";
import { runLoad } from "./load.ts";
import { removeData, startBare, startCloudkeepProcess } from "./processes.ts";
import { seedAccounts, seedKeys, withStore } from "./seed.ts";
import { requestMaker } from "./signed.ts";

const what = process.argv[2] ?? "gci";
const n = Number(process.argv[3] ?? 60000);
const conns = Number(process.argv[4] ?? 64);
const first = await startCloudkeepProcess();
await first.stop();
const { accounts, keyIds } = await withStore(first.directory, async (s) => ({
  accounts: await seedAccounts(s, 64),
  keyIds: await seedKeys(s, "000000000000", 1),
}));
const server = await startCloudkeepProcess(first.directory);
let reqs: Buffer[];
let serial = 0;
const mk = () => {
  if (what === "gci")
    return [
      requestMaker({ port: server.port, service: "sts", credentials: server.credentials }).query({
        Action: "GetCallerIdentity",
        Version: "2011-06-15",
      }),
    ];
  if (what === "enc") {
    const kms = requestMaker({ port: server.port, service: "kms", credentials: server.credentials });
    return Array.from({ length: 64 }, () =>
      kms.json("TrentService.Encrypt", {
        KeyId: keyIds[0]!,
        Plaintext: Buffer.alloc(1024, 7).toString("base64"),
      }),
    );
  }
  const makers = accounts.map(({ credentials }) =>
    requestMaker({ port: server.port, service: "iam", credentials }),
  );
  return Array.from({ length: n }, () =>
    makers[serial % 64]!.query({ Action: "CreateUser", Version: "2010-05-08", UserName: `u-${serial++}` }),
  );
};
const cpu = () =>
  Object.fromEntries(
    readdirSync(`/proc/${server.pid}/task`).map((t) => {
      const s = readFileSync(`/proc/${server.pid}/task/${t}/stat`, "utf8");
      const r = s.slice(s.lastIndexOf(")") + 2).split(" ");
      return [
        t + ":" + s.slice(s.indexOf("(") + 1, s.lastIndexOf(")")),
        (Number(r[11]) + Number(r[12])) * 10,
      ];
    }),
  );
reqs = mk();
await runLoad({ port: server.port, connections: conns, requests: reqs, count: Math.min(n, 20000) });
for (let round = 0; round < 2; round++) {
  reqs = mk();
  const a = cpu();
  const ca = process.cpuUsage();
  const t = performance.now();
  const r = await runLoad({ port: server.port, connections: conns, requests: reqs, count: n });
  const ms = performance.now() - t;
  const b = cpu();
  const cb = process.cpuUsage(ca);
  console.log(
    what,
    Math.round(r.perSecond) + "/s",
    "failed",
    r.failed,
    "wall",
    ms.toFixed(0),
    "client cpu ms",
    ((cb.user + cb.system) / 1000).toFixed(0),
    "us/req client",
    ((cb.user + cb.system) / n).toFixed(1),
    "p50",
    r.p50Ms,
    "p99",
    r.p99Ms,
  );
  let line = "";
  for (const k of Object.keys(b)) {
    const d = b[k]! - (a[k] ?? 0);
    if (d > 20) line += " " + k + "=" + d + "ms(" + ((d * 1000) / n).toFixed(1) + "us)";
  }
  console.log("  ", line);
}
await server.stop();
removeData(server);
