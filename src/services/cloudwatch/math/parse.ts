/**
 * Metric math as a tree.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export type Node =
  | { kind: "number"; value: number }
  | { kind: "text"; value: string }
  | { kind: "name"; name: string }
  | { kind: "list"; items: Node[] }
  | { kind: "call"; name: string; args: Node[] }
  | { kind: "unary"; operator: string; of: Node }
  | { kind: "binary"; operator: string; left: Node; right: Node };

/** The expression is none; the message says where. */
export class BadExpression extends Error {}

interface Token {
  kind: "number" | "text" | "name" | "symbol" | "end";
  text: string;
}

const tokenForms =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|'([^']*)'|"([^"]*)"|([A-Za-z_][A-Za-z0-9_.]*)|(==|!=|<=|>=|&&|\|\||[-+*/^%<>!(),[\]]))/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  tokenForms.lastIndex = 0;
  const end = text.trimEnd().length;
  while (tokenForms.lastIndex < end) {
    const at = tokenForms.lastIndex;
    const match = tokenForms.exec(text);
    if (match === null) throw new BadExpression(`Unexpected text at position ${at}.`);
    const [, number, single, double, name, symbol] = match;
    if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol });
    else tokens.push({ kind: "text", text: single ?? double ?? "" });
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

/** Binary operators, from the loosest to the tightest. */
const levels: readonly (readonly string[])[] = [
  ["||", "OR"],
  ["&&", "AND"],
  ["==", "!=", "<", ">", "<=", ">="],
  ["+", "-"],
  ["*", "/", "%"],
];

const maxDepth = 100;

export function parseExpression(text: string): Node {
  const parser = new Parser(tokensOf(text));
  return parser.whole();
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  whole(): Node {
    const node = this.#binary(0);
    if (this.#peek.kind !== "end") throw this.#unexpected();
    return node;
  }

  get #peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #unexpected(): BadExpression {
    const { kind, text } = this.#peek;
    return new BadExpression(kind === "end" ? "Unexpected end of expression." : `Unexpected '${text}'.`);
  }

  #takes(text: string): boolean {
    const { kind, text: found } = this.#peek;
    if (kind !== "symbol" || found !== text) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw this.#unexpected();
  }

  #binary(level: number): Node {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const { kind, text } = this.#peek;
      const operator = kind === "name" ? text.toUpperCase() : text;
      if ((kind !== "symbol" && kind !== "name") || !operators.includes(operator)) return left;
      this.#at += 1;
      left = { kind: "binary", operator, left, right: this.#binary(level + 1) };
    }
  }

  #unary(): Node {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new BadExpression("The expression nests too deeply.");
    const node = this.#signed();
    this.#depth -= 1;
    return node;
  }

  #signed(): Node {
    for (const operator of ["-", "+", "!"]) {
      if (this.#takes(operator)) return { kind: "unary", operator, of: this.#unary() };
    }
    const base = this.#primary();
    // A power binds to the right, and tighter than a sign before it.
    return this.#takes("^") ? { kind: "binary", operator: "^", left: base, right: this.#unary() } : base;
  }

  #primary(): Node {
    const { kind, text } = this.#peek;
    this.#at += 1;
    if (kind === "number") return { kind, value: Number(text) };
    if (kind === "text") return { kind, value: text };
    if (kind === "name") {
      return this.#takes("(")
        ? { kind: "call", name: text.toUpperCase(), args: this.#until(")") }
        : { kind, name: text };
    }
    if (kind === "symbol" && text === "(") {
      const inner = this.#binary(0);
      this.#expect(")");
      return inner;
    }
    if (kind === "symbol" && text === "[") return { kind: "list", items: this.#until("]") };
    this.#at -= 1;
    throw this.#unexpected();
  }

  #until(close: string): Node[] {
    const items: Node[] = [];
    if (this.#takes(close)) return items;
    do items.push(this.#binary(0));
    while (this.#takes(","));
    this.#expect(close);
    return items;
  }
}

/** Ids of other queries that an expression names. */
export function namesIn(node: Node): string[] {
  if (node.kind === "name") return [node.name];
  if (node.kind === "list") return node.items.flatMap(namesIn);
  if (node.kind === "call") return node.args.flatMap(namesIn);
  if (node.kind === "unary") return namesIn(node.of);
  if (node.kind === "binary") return [...namesIn(node.left), ...namesIn(node.right)];
  return [];
}

/** Whether it calls a function of this name anywhere. */
export function callsFunction(node: Node, name: string): boolean {
  if (node.kind === "call") return node.name === name || node.args.some((arg) => callsFunction(arg, name));
  if (node.kind === "list") return node.items.some((item) => callsFunction(item, name));
  if (node.kind === "unary") return callsFunction(node.of, name);
  return node.kind === "binary" && (callsFunction(node.left, name) || callsFunction(node.right, name));
}
