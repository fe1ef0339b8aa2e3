declare module "@michaelhomer/jqjs" {
  const jq: { compile(query: string): (input: unknown) => Iterable<unknown> };
  /** What "@name" does to a value. */
  export const formats: Record<string, (value: unknown) => unknown>;
  export default jq;
}
