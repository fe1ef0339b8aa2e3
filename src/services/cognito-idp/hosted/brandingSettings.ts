import { invalid } from "../refusals.ts";

/** The document of the branding designer: what is in it, and what holds where it says nothing. */

export type Settings = Record<string, unknown>;

const parts = new Set(["components", "componentClasses", "categories"]);
/** Of the document, as JSON. */
const maxChars = 1_000_000;
const maxDepth = 10;

/** "0972d3ff": red, green, blue and how opaque it is. */
export const colour = /^[0-9a-f]{8}$/i;

export function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Refuses what the designer would not have written. */
export function checkSettings(given: unknown): Settings {
  if (!isSettings(given)) throw invalid("Settings must be a JSON object.");
  if (JSON.stringify(given).length > maxChars) throw invalid("Settings are too large.");
  const unknown = Object.keys(given).find((name) => !parts.has(name));
  if (unknown !== undefined) throw invalid(`Settings hold an unknown key: ${unknown}`);
  checkPart(given, "", 0);
  return given;
}

function checkPart(part: Settings, path: string, depth: number): void {
  if (depth > maxDepth) throw invalid("Settings are nested too deeply.");
  for (const [name, value] of Object.entries(part)) {
    const at = `${path}/${name}`;
    if (name === "__proto__") throw invalid(`Settings hold an unknown key: ${name}`);
    if (/color$/i.test(name) && (typeof value !== "string" || !colour.test(value)))
      throw invalid(`Settings hold at ${at} what is no color of eight hexadecimal digits.`);
    if (isSettings(value)) checkPart(value, at, depth + 1);
  }
}

/** What `over` says, and `under` where it says nothing. */
export function merged(under: Settings, over: Settings): Settings {
  const all: Settings = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const below = all[name];
    all[name] = isSettings(value) && isSettings(below) ? merged(below, value) : value;
  }
  return all;
}

/** What stands at a place of the document. */
export function at(settings: Settings, path: string): unknown {
  let found: unknown = settings;
  for (const name of path.split(".")) found = isSettings(found) ? found[name] : undefined;
  return found;
}

const white = "ffffffff";
const blue = "0972d3ff";
const ink = "000716ff";
const grey = "414d5cff";

/** Cognito's own style, in light mode. */
export const defaults: Settings = {
  components: {
    pageBackground: { image: { enabled: false }, lightMode: { color: white } },
    pageText: { lightMode: { headingColor: ink, bodyColor: grey, descriptionColor: grey } },
    form: {
      lightMode: { backgroundColor: white, borderColor: "c6c6cdff" },
      borderRadius: 8,
      backgroundImage: { enabled: false },
      logo: { enabled: false, location: "CENTER", position: "TOP", formInclusion: "IN" },
    },
    primaryButton: {
      lightMode: {
        defaults: { backgroundColor: blue, textColor: white },
        hover: { backgroundColor: "033160ff", textColor: white },
        active: { backgroundColor: "033160ff", textColor: white },
      },
    },
    favicon: { enabledTypes: ["ICO", "SVG"] },
  },
  componentClasses: {
    buttons: { borderRadius: 8 },
    input: {
      borderRadius: 8,
      lightMode: {
        defaults: { backgroundColor: white, borderColor: "7d8998ff" },
        placeholderColor: "5f6b7aff",
      },
    },
    inputLabel: { lightMode: { textColor: ink } },
    link: { lightMode: { defaults: { textColor: blue }, hover: { textColor: "033160ff" } } },
    focusState: { lightMode: { borderColor: blue } },
  },
  categories: {
    global: {
      colorSchemeMode: "LIGHT",
      pageHeader: { enabled: false },
      pageFooter: { enabled: false },
      spacingDensity: "REGULAR",
    },
    form: {
      displayGraphics: true,
      instructions: { enabled: false },
      languageSelector: { enabled: false },
      location: { horizontal: "CENTER", vertical: "CENTER" },
      sessionTimerDisplay: "NONE",
    },
  },
};
