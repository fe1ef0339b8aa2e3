import { type Idp, newIdp, signSaml } from "./idp.ts";

/**
 * SAML responses that no reader may believe, whatever they are for: made of a good one. What the signature covers is
 * still there in many of them, while what a careless reader would find is another.
 * https://www.usenix.org/conference/usenixsecurity12/technical-sessions/presentation/somorovsky
 */

export interface Maker {
  idp(): Idp;
  /** An assertion without a signature: a good one, or of somebody else under another id. */
  assertion(forged?: { subject: string; id: string }): string;
  wrapped(inner: string): string;
  /** The subject of a good one. */
  subject: string;
}

export type BadDocument = [name: string, make: () => string | Promise<string>];

const evil = { subject: "eve@example.com", id: "_evil" };

interface Parts {
  /** The signed assertion, its signature, and the assertion without it. */
  signed: string;
  signature: string;
  bare: string;
  forged: string;
}

function partsOf({ idp, assertion, wrapped }: Maker): Parts {
  const response = signSaml(wrapped(assertion()), { by: idp() });
  const signed = /<saml:Assertion.*<\/saml:Assertion>/s.exec(response)?.[0] ?? "";
  const signature = /<Signature.*<\/Signature>/s.exec(signed)?.[0] ?? "";
  return { signed, signature, bare: signed.replace(signature, ""), forged: assertion(evil) };
}

const into = (outer: string, inner: string) =>
  outer.replace("</saml:Assertion>", `${inner}</saml:Assertion>`);
const object = (signature: string, inner: string) =>
  signature.replace("</Signature>", `<Object>${inner}</Object></Signature>`);
const behindIssuer = (outer: string, inner: string) =>
  outer.replace("</saml:Issuer>", `</saml:Issuer>${inner}`);

/** Signature wrapping. */
function wrappings(maker: Maker): BadDocument[] {
  const { wrapped, idp, assertion } = maker;
  const of = (build: (parts: Parts) => string) => () => wrapped(build(partsOf(maker)));
  const whole = () => signSaml(wrapped(assertion()), { by: idp(), element: "Response" });
  /** The signed response within a forged one. */
  const around = (build: (response: string, signature: string) => string) => () => {
    const response = whole();
    return build(response, /<Signature.*<\/Signature>/s.exec(response)?.[0] ?? "");
  };
  const forgedResponse = (inner: string) =>
    wrapped(assertion(evil)).replace("</saml:Issuer>", `</saml:Issuer>${inner}`);
  return [
    [
      "XSW1: the signed response in its own signature",
      around((response, signature) =>
        forgedResponse(
          object(signature, response.replace(signature, "")).replace('ID="_response"', 'ID="_evil2"'),
        ),
      ),
    ],
    [
      "XSW2: the signed response beside its signature",
      around((response, signature) => forgedResponse(`${signature}${response.replace(signature, "")}`)),
    ],
    ["XSW3: a forged assertion before the signed one", of(({ signed, forged }) => forged + signed)],
    ["XSW4: a forged assertion around the signed one", of(({ signed, forged }) => into(forged, signed))],
    [
      "XSW5: the signature moved to the forged one, before",
      of(({ signature, bare, forged }) => behindIssuer(forged, signature) + bare),
    ],
    [
      "XSW6: the signed one in the signature of the forged one",
      of(({ signature, bare, forged }) => behindIssuer(forged, object(signature, bare))),
    ],
    [
      "XSW7: the signed one in an extension",
      of(({ signed, forged }) => `<samlp:Extensions>${signed}</samlp:Extensions>${forged}`),
    ],
    [
      "XSW8: the signed one as an object of a signature at the end",
      of(({ signature, bare, forged }) => into(forged, object(signature, bare))),
    ],
    ["a forged assertion behind the signed one", of(({ signed, forged }) => signed + forged)],
    [
      "the signature at the end of the forged one",
      of(({ signature, bare, forged }) => into(forged, signature) + bare),
    ],
    [
      "the same id twice",
      of(({ signed, forged }) => signed + forged.replace("_evil", /ID="([^"]+)"/.exec(signed)?.[1] ?? "")),
    ],
    [
      "the same id twice, the forged one first",
      of(({ signed, forged }) => forged.replace("_evil", /ID="([^"]+)"/.exec(signed)?.[1] ?? "") + signed),
    ],
    [
      "the signed one in the subject of the forged one",
      of(({ signed, forged }) => forged.replace("<saml:Subject>", `<saml:Subject>${signed}`)),
    ],
    [
      "the signed one in an attribute of the forged one",
      of(({ signed, forged }) => forged.replace(/<saml:AttributeValue>/, `<saml:AttributeValue>${signed}`)),
    ],
    [
      "the signed one as advice of the forged one",
      of(({ signed, forged }) =>
        forged.replace("</saml:Conditions>", `</saml:Conditions><saml:Advice>${signed}</saml:Advice>`),
      ),
    ],
    ["three assertions", of(({ signed, forged }) => forged + signed + forged.replace("_evil", "_evil3"))],
    ["the signed one twice", of(({ signed }) => signed + signed)],
    ["the signature alone, beside the forged one", of(({ signature, forged }) => signature + forged)],
    [
      "two signatures in one assertion",
      of(({ signature, signed }) => signed.replace("</Signature>", `</Signature>${signature}`)),
    ],
    [
      "a signature within a signature",
      of(({ signature, signed }) => signed.replace("</SignedInfo>", `</SignedInfo>${signature}`)),
    ],
  ];
}

/** Signatures that are none. */
function signatures({ idp, wrapped, assertion }: Maker): BadDocument[] {
  const good = () => signSaml(wrapped(assertion()), { by: idp() });
  const changed = (from: string | RegExp, to: string) => () => {
    const before = good();
    const after = before.replace(from, to);
    if (after === before) throw new Error(`Nothing changed: ${from}`);
    return after;
  };
  return [
    ["no signature", () => wrapped(assertion())],
    ["a stranger's signature", async () => signSaml(wrapped(assertion()), { by: await newIdp() })],
    ["SHA-1", () => signSaml(wrapped(assertion()), { by: idp(), hash: "sha1" })],
    ["a stripped signature", changed(/<Signature.*<\/Signature>/s, "")],
    ["an empty signature", changed(/<SignatureValue>[^<]*</, "<SignatureValue><")],
    ["a signature of zeros", changed(/<SignatureValue>[^<]*</, "<SignatureValue>AAAA<")],
    ["no reference", changed(/<Reference .*<\/Reference>/s, "")],
    ["a reference to nothing", changed(/URI="#[^"]*"/, 'URI="#nothing"')],
    ["a reference to the whole document", changed(/URI="#[^"]*"/, 'URI=""')],
    ["a reference to elsewhere", changed(/URI="#[^"]*"/, 'URI="http://127.0.0.1:1/"')],
    ["two references", changed(/(<Reference .*<\/Reference>)/s, "$1$1")],
    ["another digest", changed(/<DigestValue>[^<]*</, "<DigestValue>AAAA<")],
    ["a signature with a shared secret", changed("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256")],
    [
      "MD5",
      changed(
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
      ),
    ],
    [
      "a digest by SHA-1",
      changed("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
    ],
    [
      "a transformation by XSLT",
      changed(
        "<Transforms>",
        '<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
      ),
    ],
    [
      "a transformation by XPath",
      changed(
        "<Transforms>",
        '<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>ancestor::none</XPath></Transform></Transform>',
      ),
    ],
    [
      "a signature in another namespace",
      changed('xmlns="http://www.w3.org/2000/09/xmldsig#"', 'xmlns="urn:other"'),
    ],
    [
      "a signature before its assertion's id was changed",
      changed(/(<saml:Assertion[^>]* )ID="[^"]*"/, '$1ID="_other"'),
    ],
  ];
}

/** Texts that were changed, or that hold what XML parsers have been misled by. */
function texts({ idp, wrapped, assertion, subject }: Maker): BadDocument[] {
  const good = () => signSaml(wrapped(assertion()), { by: idp() });
  const put = (text: string) => () => good().replace(subject, text);
  return [
    ["a changed subject", put("eve@example.com")],
    ["a comment in the subject", put(`${subject}<!-- -->.evil`)],
    ["a comment that cuts the subject short", put(`ad<!---->${subject.slice(2)}`)],
    ["a processing instruction", put(`${subject}<?a b?>`)],
    ["a second text in the subject", put(`${subject}<saml:Other/>eve`)],
    ["CDATA that adds to the subject", put(`${subject}<![CDATA[.evil]]>`)],
    ["a document type", () => `<!DOCTYPE Response [<!ENTITY a "b">]>${good()}`],
    [
      "an entity in the subject",
      () => `<!DOCTYPE Response [<!ENTITY who "eve">]>${good().replace(subject, "&who;")}`,
    ],
    [
      "an entity from a file",
      () =>
        `<!DOCTYPE Response [<!ENTITY who SYSTEM "file:///etc/passwd">]>${good().replace(subject, "&who;")}`,
    ],
    [
      "entities that grow",
      () =>
        `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>${good().replace(subject, "&c;")}`,
    ],
    ["an entity that nobody has declared", put("&who;")],
    [
      "a document of great length",
      () => good().replace("</samlp:Response>", `${" ".repeat(200_000)}</samlp:Response>`),
    ],
    ["a document nested deeply", () => "<a>".repeat(5_000)],
    ["a document in UTF-16", () => Buffer.from(good(), "utf16le").toString("latin1")],
    ["two documents", () => good() + good()],
    ["half a document", () => good().slice(0, 1_500)],
    ["what is no XML", () => "nonsense"],
    ["nothing", () => ""],
    [
      "an assertion without its response",
      () => /<saml:Assertion.*<\/saml:Assertion>/s.exec(good())?.[0] ?? "",
    ],
    ["a NUL in the subject", put(`${subject}\u0000`)],
  ];
}

export function badSaml(maker: Maker): BadDocument[] {
  return [...wrappings(maker), ...signatures(maker), ...texts(maker)];
}
