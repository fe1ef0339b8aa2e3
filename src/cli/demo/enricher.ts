/**
 * The function of the second demonstration. It looks at every line that Firehose hands it, finds the customer in
 * DynamoDB, and gives the line back with the customer's name. It has no AWS SDK, so it signs its calls itself.
 */
export const enricher = String.raw`
const { createHash, createHmac } = require("node:crypto");
const { gunzipSync } = require("node:zlib");

const hash = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

async function getItem(id) {
  const { AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, TABLE } = process.env;
  const body = JSON.stringify({ TableName: TABLE, Key: { id: { S: id } } });
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    host: new URL(AWS_ENDPOINT_URL).host,
    "x-amz-date": time,
    "x-amz-security-token": AWS_SESSION_TOKEN,
    "x-amz-target": "DynamoDB_20120810.GetItem",
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => name + ":" + headers[name] + "\n").join("");
  const canonical = ["POST", "/", "", lines, names.join(";"), hash(body)].join("\n");
  const scope = [day, AWS_REGION, "dynamodb", "aws4_request"].join("/");
  const key = scope.split("/").reduce(hmac, "AWS4" + AWS_SECRET_ACCESS_KEY);
  const text = ["AWS4-HMAC-SHA256", time, scope, hash(canonical)].join("\n");
  const signature = createHmac("sha256", key).update(text).digest("hex");
  const credential = AWS_ACCESS_KEY_ID + "/" + scope;
  headers.authorization = "AWS4-HMAC-SHA256 Credential=" + credential + ", SignedHeaders=" + names.join(";") + ", Signature=" + signature;
  delete headers.host;
  const response = await fetch(AWS_ENDPOINT_URL, { method: "POST", headers, body });
  const answer = await response.json();
  if (response.ok) return answer.Item;
  throw new Error(response.headers.get("x-amzn-requestid") + " " + (answer.message ?? answer.Message));
}

async function enriched({ recordId, data }) {
  const message = JSON.parse(gunzipSync(Buffer.from(data, "base64")));
  if (message.messageType !== "DATA_MESSAGE") return { recordId, result: "Dropped", data };
  let lines = "";
  for (const event of message.logEvents) {
    const order = JSON.parse(event.message);
    const item = await getItem(order.customer);
    if (item === undefined) return { recordId, result: "ProcessingFailed", data };
    lines += JSON.stringify({ ...order, name: item.name.S }) + "\n";
  }
  return { recordId, result: "Ok", data: Buffer.from(lines).toString("base64") };
}

exports.handler = async ({ records }) => ({ records: await Promise.all(records.map(enriched)) });
`;
