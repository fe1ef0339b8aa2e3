declare module "@michaelhomer/jqjs" {
  const jq: { compile(query: string): (input: unknown) => Iterable<unknown> };
  export default jq;
}
