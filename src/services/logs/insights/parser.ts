import { type Token, tokensOf } from "./lexer.ts";
import { type Command, type Expression, type Match, type Named, QueryError } from "./syntax.ts";

/** Reads a query; throws QueryError. */
export function parseQuery(text: string): Command[] {
  return new Parser(text).query();
}

/** Parentheses and calls within each other. */
const maxDepth = 100;
/** Of one query. */
const maxCommands = 50;

class Parser {
  readonly #text: string;
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  query(): Command[] {
    const commands: Command[] = [];
    do {
      // A query may end with a bar, and begin with one.
      if (this.#token.kind === "end" || this.#isOperator("|")) continue;
      commands.push(this.#command());
      if (commands.length > maxCommands) throw this.#problem("too many commands");
    } while (this.#takeOperator("|"));
    if (this.#token.kind !== "end") throw this.#unexpected();
    return commands;
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #isOperator(text: string): boolean {
    return this.#token.kind === "operator" && this.#token.text === text;
  }

  #takeOperator(...texts: string[]): string | undefined {
    const { kind, text } = this.#token;
    if (kind !== "operator" || !texts.includes(text)) return undefined;
    this.#at += 1;
    return text;
  }

  #takeWord(...words: string[]): string | undefined {
    const { kind, text, quoted } = this.#token;
    const word = text.toLowerCase();
    if (kind !== "name" || quoted || !words.includes(word)) return undefined;
    this.#at += 1;
    return word;
  }

  #expect(text: string): void {
    if (this.#takeOperator(text) === undefined) throw this.#unexpected();
  }

  #problem(message: string): QueryError {
    return new QueryError(message, this.#token.start, Math.max(this.#token.end, this.#token.start + 1));
  }

  #unexpected(): QueryError {
    const { kind, text } = this.#token;
    return this.#problem(kind === "end" ? "unexpected end of the query" : `unexpected symbol found ${text}`);
  }

  #command(): Command {
    const command = this.#takeWord("fields", "display", "filter", "parse", "stats", "sort", "dedup", "limit");
    switch (command) {
      case "fields":
      case "display":
        return { kind: command, items: this.#list(() => this.#named()) };
      case "filter":
        return { kind: "filter", condition: this.#expression() };
      case "parse":
        return this.#parse();
      case "stats":
        return this.#stats();
      case "sort":
        return { kind: "sort", keys: this.#list(() => this.#sortKey()) };
      case "dedup":
        return { kind: "dedup", keys: this.#list(() => this.#expression()) };
      case "limit":
        return { kind: "limit", count: this.#count() };
      default:
        throw this.#unexpected();
    }
  }

  #list<T>(one: () => T): T[] {
    const items = [one()];
    while (this.#takeOperator(",")) items.push(one());
    return items;
  }

  #named(): Named {
    const { start } = this.#token;
    const expression = this.#expression();
    const text = this.#text.slice(start, this.#tokens[this.#at - 1]?.end);
    if (this.#takeWord("as")) return { name: this.#name(), expression };
    return { name: expression.kind === "field" ? expression.name : text.trim(), expression };
  }

  #name(): string {
    if (this.#token.kind !== "name") throw this.#unexpected();
    const { name } = this.#field();
    return name;
  }

  #stats(): Command {
    const items = this.#list(() => this.#named());
    const by = this.#takeWord("by") ? this.#list(() => this.#named()) : [];
    return { kind: "stats", items, by };
  }

  #sortKey() {
    const expression = this.#expression();
    return { expression, descending: this.#takeWord("asc", "desc") === "desc" };
  }

  #count(): number {
    const { kind, text } = this.#token;
    if (kind !== "number" || !/^\d+$/.test(text)) throw this.#unexpected();
    this.#at += 1;
    return Number(text);
  }

  /** parse [field] "glob with *" as a, b; parse [field] /regex with (?<names>…)/ [as a, b] */
  #parse(): Command {
    const starts = this.#token.kind === "name";
    const from: Expression = starts ? this.#field() : { kind: "field", name: "@message", path: ["@message"] };
    const { kind, text } = this.#token;
    if (kind !== "string" && kind !== "regex") throw this.#unexpected();
    this.#at += 1;
    const names = this.#takeWord("as") ? this.#list(() => this.#name()) : [];
    if (kind === "regex") return { kind: "parse", from, pattern: { regex: text }, names };
    if (names.length !== text.split("*").length - 1) {
      throw this.#problem("the number of names must be that of the asterisks in the pattern");
    }
    return { kind: "parse", from, pattern: { glob: text }, names };
  }

  #expression(): Expression {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw this.#problem("the expression nests too deeply");
    let left = this.#and();
    while (this.#takeWord("or")) left = { kind: "binary", operator: "or", left, right: this.#and() };
    this.#depth -= 1;
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#takeWord("and")) left = { kind: "binary", operator: "and", left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    let negated = false;
    while (this.#takeWord("not")) negated = !negated;
    const of = this.#comparison();
    return negated ? { kind: "not", of } : of;
  }

  #comparison(): Expression {
    const left = this.#sum();
    const negated = this.#takeWord("not") !== undefined;
    const tested = this.#tested(left, negated);
    if (tested !== undefined) return negated ? { kind: "not", of: tested } : tested;
    const operator = this.#takeOperator("=", "==", "!=", ">", "<", ">=", "<=");
    if (operator === undefined) return left;
    return { kind: "binary", operator: operator === "==" ? "=" : operator, left, right: this.#sum() };
  }

  #tested(of: Expression, negated: boolean): Expression | undefined {
    if (this.#takeWord("like") ?? this.#takeOperator("=~"))
      return { kind: "like", of, pattern: this.#match() };
    if (this.#takeWord("in")) {
      this.#expect("[");
      const list = this.#list(() => this.#sum());
      this.#expect("]");
      return { kind: "in", of, list };
    }
    if (negated) throw this.#unexpected();
    return undefined;
  }

  #match(): Match {
    const { kind, text } = this.#token;
    if (kind !== "string" && kind !== "regex") throw this.#unexpected();
    this.#at += 1;
    return kind === "regex" ? { regex: text } : { text };
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const operator = this.#takeOperator("+", "-");
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.#product() };
    }
  }

  #product(): Expression {
    let left = this.#power();
    for (;;) {
      const operator = this.#takeOperator("*", "/", "%");
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.#power() };
    }
  }

  #power(): Expression {
    const left = this.#unary();
    if (this.#takeOperator("^") === undefined) return left;
    this.#depth += 1;
    if (this.#depth > maxDepth) throw this.#problem("the expression nests too deeply");
    const right = this.#power();
    this.#depth -= 1;
    return { kind: "binary", operator: "^", left, right };
  }

  #unary(): Expression {
    let negative = false;
    for (;;) {
      const sign = this.#takeOperator("-", "+");
      if (sign === undefined) break;
      if (sign === "-") negative = !negative;
    }
    const of = this.#primary();
    return negative ? { kind: "negate", of } : of;
  }

  #primary(): Expression {
    const { kind, text, quoted, start } = this.#token;
    if (this.#takeOperator("(")) {
      const inner = this.#expression();
      this.#expect(")");
      return inner;
    }
    if (kind === "number" || kind === "string" || kind === "period") {
      this.#at += 1;
      return kind === "period"
        ? this.#period(text)
        : { kind: "literal", value: kind === "number" ? Number(text) : text };
    }
    if (kind !== "name") throw this.#unexpected();
    const next = this.#tokens[this.#at + 1] as Token;
    if (!quoted && next.kind === "operator" && next.text === "(") return this.#call(text, start);
    if (!quoted && /^(?:true|false)$/i.test(text)) {
      this.#at += 1;
      return { kind: "literal", value: text.toLowerCase() === "true" };
    }
    return this.#field();
  }

  #period(text: string): Expression {
    const [, count = "", unit = ""] = /^([\d.]+)([A-Za-z]+)$/.exec(text) ?? [];
    if (unit === "") throw this.#unexpected();
    return { kind: "period", count: Number(count), unit };
  }

  #call(name: string, start: number): Expression {
    this.#at += 2;
    let args: Expression[] = [];
    if (this.#takeOperator("*")) args = [{ kind: "literal", value: "*" }];
    else if (!this.#isOperator(")")) args = this.#list(() => this.#argument());
    this.#expect(")");
    const text = this.#text.slice(start, this.#tokens[this.#at - 1]?.end);
    return { kind: "call", name: name.toLowerCase(), args, text };
  }

  /** Functions take regular expressions as texts. */
  #argument(): Expression {
    if (this.#token.kind !== "regex") return this.#expression();
    const { text } = this.#token;
    this.#at += 1;
    return { kind: "literal", value: text };
  }

  /** "a.b.`c d`[0].e" */
  #field(): Expression & { kind: "field" } {
    const path: (string | number)[] = [this.#token.text];
    let name = this.#token.text;
    this.#at += 1;
    for (;;) {
      if (this.#takeOperator(".")) {
        const { kind, text } = this.#token;
        if (kind !== "name" && kind !== "number") throw this.#unexpected();
        this.#at += 1;
        path.push(text);
        name += `.${text}`;
      } else if (this.#isOperator("[") && (this.#tokens[this.#at + 1] as Token).kind === "number") {
        this.#at += 1;
        const index = this.#count();
        this.#expect("]");
        path.push(index);
        name += `[${index}]`;
      } else return { kind: "field", name, path };
    }
  }
}
