import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern, PatternError } from "./patterns/index.ts";
import { decodeChunk, encodeBatch } from "./store/chunk.ts";
import { selector } from "./store/select.ts";

/** Filter patterns, with the examples of AWS's page on them. */

const errors = [
  "[ERROR 400] BAD REQUEST",
  "[ERROR 401] UNAUTHORIZED REQUEST",
  "[ERROR 419] MISSING ARGUMENTS",
  "[ERROR 420] INVALID ARGUMENTS",
];
const trail = JSON.stringify({
  eventType: "UpdateTrail",
  sourceIPAddress: "111.111.111.111",
  arrayKey: ["value", "another value"],
  objectList: [
    { name: "a", id: 1 },
    { name: "b", id: 2 },
  ],
  SomeObject: null,
  "cluster.name": "c",
  bandwidth: 100,
  number: [1000],
  on: true,
});
const users = JSON.stringify({
  user: { id: 1, email: "John.Stiles@example.com" },
  users: [
    { id: 2, email: "John.Doe@example.com" },
    { id: 3, email: "Jane.Doe@example.com" },
  ],
  actions: ["GET", "PUT", "DELETE"],
  coordinates: [
    [0, 1, 2],
    [4, 5, 6],
    [7, 8, 9],
  ],
});
const access = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';
const words = [
  "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200",
  "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310",
  "WARNING 09/25/2014 12:00:02 Invalid user request",
  "ERROR 09/25/2014 12:00:02 Failed to process request",
];

/** A pattern, the messages that it is tried on, and the indexes of those that match. */
const table: [pattern: string, messages: string[], matching: number[]][] = [
  ["", errors, [0, 1, 2, 3]],
  ['" "', errors, [0, 1, 2, 3]],
  ["ERROR", errors, [0, 1, 2, 3]],
  ["error", errors, []],
  ["ERROR ARGUMENTS", errors, [2, 3]],
  ["?ERROR ?ARGUMENTS", errors, [0, 1, 2, 3]],
  ["?400 ?420", errors, [0, 3]],
  ["?400 ?420 REQUEST", errors, [0, 1]],
  ['"INTERNAL SERVER ERROR"', ["[ERROR 500] INTERNAL SERVER ERROR", "SERVER ERROR"], [0]],
  ["ERROR -ARGUMENTS", errors, [0, 1]],
  ['-"ARGUMENTS"', errors, [0, 1]],
  ['"say \\"hi\\""', ['they say "hi"', "they say hi"], [0]],
  ["%AUTHORIZED%", ["[ERROR 401] UNAUTHORIZED REQUEST", "[SUCCESS 200] AUTHORIZED REQUEST", "no"], [0, 1]],
  ["%^[hc]at%", ["hat", "cats", "a hat"], [0, 1]],
  ["%colou?r%", ["color", "colour", "colr"], [0, 1]],
  [
    "%^starting|^initializing|^shutting down%",
    ["starting up", "skipping initializing", "shutting down"],
    [0, 2],
  ],
  ["%ab[0-9]*%", ["ab", "ab129", "a"], [0, 1]],
  ["%a{3,5}$%", ["aaa", "aa"], [0]],
  ["%^a{,2}$%", ["", "aa", "aaa"], [0, 1]],
  ["%\\[.\\]%", ["[a]", "[]]", "[]"], [0, 1]],
  ["%10\\.10\\.0\\.1%", ["10.10.0.1", "10010,051"], [0]],
  ["%\\x28x\\x29%", ["(x)", "x"], [0]],
  ["%^\\w+\\s\\d$%", ["a_1 2", "a-1 2"], [0]],
  ['{ $.eventType = "UpdateTrail" }', [trail, users, "UpdateTrail"], [0]],
  ["{ $.sourceIPAddress != 123.123.* }", [trail, users], [0]],
  ['{ $.arrayKey[0] = "value" }', [trail], [0]],
  ['{ $.arrayKey[1] = "value" }', [trail], []],
  ["{ $.objectList[1].id = 2 }", [trail], [0]],
  ["{ $.eventType = %Trail% }", [trail], [0]],
  ["{ $.arrayKey[*] = %val.{2}% }", [trail], [0]],
  ["{ $.* = %111\\.111\\.111\\.1[0-9]{1,2}% }", [trail], [0]],
  ["{ $.['cluster.name'] = \"c\" }", [trail], [0]],
  ["{ $.SomeObject IS NULL }", [trail, users], [0]],
  ["{ $.on IS TRUE }", [trail, '{"on":"true"}'], [0]],
  ["{ $.SomeOtherObject NOT EXISTS }", [trail], [0]],
  ["{ $.SomeObject NOT EXISTS }", [trail], []],
  ["{ $.bandwidth > 75 }", [trail, '{"bandwidth":75}'], [0]],
  ["{ $.bandwidth >= 100 && $.bandwidth <= 100 }", [trail], [0]],
  ["{ $.bandwidth < 50 }", [trail], []],
  ["{ $.number[0] = 1e+3 }", [trail], [0]],
  ["{ $.number[0] != 1e-3 }", [trail], [0]],
  ["{ $.eventType = * }", [trail, users], [0]],
  ["{ $.objectList = * }", [trail], []],
  ['{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', [users], [0]],
  [
    '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }',
    [users],
    [0],
  ],
  [
    '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }',
    [users],
    [],
  ],
  ['{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', [users], []],
  ["{ $.coordinates[0][1] = 1 }", [users], [0]],
  [
    "[ip=%127\\.0\\.0\\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
    [access],
    [0],
  ],
  ["[..., request =*.html*, status_code = 4*, bytes]", [access], [0]],
  [
    "[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]",
    [access],
    [0],
  ],
  ["[ip, user, username, timestamp, request, status_code = 4*, bytes > 1000]", [access], [0]],
  ["[ip, user, username, timestamp, request, status_code = 5*, bytes]", [access], []],
  ["[w1=ERROR, w2]", words, [3]],
  ["[w1=ERROR || w1=WARNING, w2]", words, [2, 3]],
  ["[w1!=ERROR && w1!=WARNING, w2]", words, [0, 1]],
  ["[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]", words, [0]],
  ["[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]", words, [1]],
  ["[a, b, c]", ["1 2", "1 2 3"], [1]],
];

const refused: [pattern: string, message: string][] = [
  ["?Status: timeout", "Invalid character(s) in term ':'"],
  ["PlayerSpawned (reason", "Invalid character(s) in term '('"],
  ["`x", "Invalid character(s) in term '`'"],
  ['""', "Invalid character(s) in term '\"\"'"],
  ['{ $."sc-status" = 5* }', "Invalid character(s) in term '\"'"],
  ["{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"],
  ["[a, b", "If a filter pattern starts with '[' it must end with ']'"],
  ["[ip, status_code = 4* && bytes > 1000]", "Invalid filter pattern"],
  ["%something!%", "Invalid character(s) in term '!'"],
  ["%a(b)%", "Invalid character(s) in term '('"],
  ["{ $.a[*].b[*] = 1 }", "Too many wildcard selectors in the filter pattern."],
  ["{ $.a = %x% && $.b = %y% && $.c = %z% }", "A filter pattern can have at most 2 regular expressions."],
  ["{ $.a EXISTS }", "Invalid filter pattern"],
];

describe("a filter pattern", () => {
  it.each(table)("%s", async (text, messages, matching) => {
    const pattern = await compilePattern(text);
    expect(messages.flatMap((message, i) => (pattern.matches(message) ? [i] : []))).toEqual(matching);
    // The search over a whole chunk finds the same.
    const events = messages.filter((message) => message !== "").map((message) => ({ message, timestamp: 1 }));
    const chunk = await decodeChunk(await encodeBatch(events, { at: 1, number: 1 }, 0));
    const found = selector(pattern)(chunk) ?? events.map((_, i) => i);
    const expected = matching.filter((i) => messages[i] !== "").map((i) => messages[i]);
    expect(found.map((line) => chunk.message(line))).toEqual(expected);
  });

  it.each(refused)("that AWS refuses is refused: %s", async (text, message) => {
    await expect(compilePattern(text)).rejects.toThrow(new PatternError(message));
  });

  it("takes values out of lines", async () => {
    const apache = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534';
    const named = await compilePattern("[ip, identity, user_id, timestamp, request, status_code, size]");
    expect(named.values(apache)).toEqual({
      $ip: "127.0.0.1",
      $identity: "-",
      $user_id: "frank",
      $timestamp: "10/Oct/2000:13:25:15 -0700",
      $request: "GET /apache_pb.gif HTTP/1.0",
      $status_code: "200",
      $size: "1534",
    });
    const numbered = await compilePattern("[..., size]");
    expect(numbered.values(apache)).toMatchObject({
      $1: "127.0.0.1",
      $5: "GET /apache_pb.gif HTTP/1.0",
      $size: "1534",
    });
    const json = await compilePattern("{ $.bandwidth > 75 }");
    expect([json.values(trail), json.value(trail, "$.arrayKey[0]")]).toEqual([
      { "$.bandwidth": "100" },
      "value",
    ]);
  });

  it("of any kind ends in an answer, in time that does not explode", async () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      "(",
      ")",
      "$.",
      "$",
      ".",
      "*",
      "a",
      "b1",
      '"',
      "%",
      "?",
      "-",
      " ",
      ",",
      "...",
      "=",
      "!=",
      "&&",
      "||",
      " IS NULL",
      " NOT EXISTS",
      "[0]",
      "[*]",
      ">",
      "9",
      "1e3",
      "\\",
      "+",
      "{2,}",
      "|",
      "^",
      "$",
      "[a-z]",
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join("")),
      fc.array(piece, { maxLength: 20 }).map((pieces) => `{ $.a = ${pieces.join("")} }`),
      fc.array(piece, { maxLength: 20 }).map((pieces) => `[a, b = ${pieces.join("")}]`),
      fc.array(piece, { maxLength: 20 }).map((pieces) => `%${pieces.join("")}%`),
    );
    const hard = [
      "a".repeat(20_000),
      "[ ".repeat(20_000),
      '" '.repeat(20_001),
      `{"a":"${"a*".repeat(9_000)}"}`,
      "{".repeat(20_000),
    ];
    const property = fc.asyncProperty(text, fc.string(), async (pattern, message) => {
      try {
        const compiled = await compilePattern(pattern);
        for (const one of [message, ...hard]) {
          const matches = compiled.matches(one);
          expect(typeof matches).toBe("boolean");
          if (matches) compiled.values(one);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(PatternError);
      }
    });
    await fc.assert(property, { numRuns: 400 });
  }, 60_000);
});
