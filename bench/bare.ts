/** The floor: a bare server that reads and answers as many bytes as the call that it stands beside. */
import { createServer } from "node:http";

const answerBytes = Number(process.argv[2] ?? 500);
const body = Buffer.alloc(answerBytes, 120);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    response.writeHead(200, ["Content-Type", "text/xml", "Content-Length", String(body.length)]);
    response.end(body);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : 0 });
});
