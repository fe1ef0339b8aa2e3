/** Bounds on what a request may make the readers do. Bodies are bounded in bytes before they come here. */

/** Containers inside containers of a value. AWS's deepest shapes stay under 40. */
export const maxNesting = 128;
/** Parameters of a query request. EC2's and IAM's largest requests have a few thousand. */
export const maxQueryParameters = 10_000;
/** Dots in the name of one query parameter. */
export const maxQueryNesting = 32;
/** `N` of `Tags.member.N`. */
export const maxListIndex = 100_000;
/** Elements and attributes of an XML body: a `DeleteObjects` of 1,000 keys has 5,000. */
export const maxXmlNodes = 250_000;
/** Elements inside elements. */
export const maxXmlNesting = 128;
/** Items of all arrays and maps of one CBOR body. */
export const maxCborItems = 1_000_000;
/** Characters of a rejected value that a validation message repeats. */
export const maxEchoedCharacters = 2_048;
/** Violations that one message lists. */
export const maxViolations = 100;
/** Longest text that a pattern is tried on where the shape has no length limit of its own. */
export const maxPatternCharacters = 65_536;
/** Bytes of one event-stream message and of its headers, as AWS bounds them. */
export const maxEventBytes = 16 * 1024 * 1024;
export const maxEventHeaderBytes = 128 * 1024;
