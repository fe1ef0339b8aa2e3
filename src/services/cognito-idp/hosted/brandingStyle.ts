import { type Html, html } from "../../../kit/html.ts";
import { keyOf } from "../pools/poolRow.ts";
import { at, colour, type Settings } from "./brandingSettings.ts";
import { errorPage, none } from "./html.ts";
import { type BrandingAsset, type BrandingRow, brandingImages, brandings } from "./tables.ts";
import type { Answer, Visit } from "./visit.ts";

/** What the pages show of a client's style: its colours, the roundness of its corners, its logo and background. */

export const imagePath = "/brand";

/** Where a colour of the document goes. What else the document says, the pages here have no place for. */
const colours: [path: string, selector: string, property: string][] = [
  ["components.pageBackground.MODE.color", "body", "background-color"],
  ["components.pageText.MODE.bodyColor", "body", "color"],
  ["components.pageText.MODE.headingColor", "h1", "color"],
  ["components.form.MODE.backgroundColor", "main", "background-color"],
  ["components.form.MODE.borderColor", "main", "border-color"],
  ["components.primaryButton.MODE.defaults.backgroundColor", "button", "background-color"],
  ["components.primaryButton.MODE.defaults.textColor", "button", "color"],
  ["components.primaryButton.MODE.hover.backgroundColor", "button:hover", "background-color"],
  ["components.primaryButton.MODE.hover.textColor", "button:hover", "color"],
  ["components.primaryButton.MODE.active.backgroundColor", "button:active", "background-color"],
  ["components.primaryButton.MODE.active.textColor", "button:active", "color"],
  ["components.secondaryButton.MODE.defaults.backgroundColor", ".provider", "background-color"],
  ["components.secondaryButton.MODE.defaults.textColor", ".provider", "color"],
  ["components.secondaryButton.MODE.defaults.borderColor", ".provider", "border-color"],
  ["componentClasses.input.MODE.defaults.backgroundColor", "input", "background-color"],
  ["componentClasses.input.MODE.defaults.borderColor", "input", "border-color"],
  ["componentClasses.inputLabel.MODE.textColor", "label", "color"],
  ["componentClasses.link.MODE.defaults.textColor", "a", "color"],
  ["componentClasses.link.MODE.hover.textColor", "a:hover", "color"],
  ["componentClasses.focusState.MODE.borderColor", "input:focus,button:focus,a:focus", "outline-color"],
];

const corners: [path: string, selector: string][] = [
  ["components.form.borderRadius", "main"],
  ["componentClasses.buttons.borderRadius", "button,.provider"],
  ["componentClasses.input.borderRadius", "input"],
];
const maxRadius = 100;

function ofMode(settings: Settings, mode: "lightMode" | "darkMode"): string {
  return colours
    .flatMap(([path, selector, property]) => {
      const value = at(settings, path.replace("MODE", mode));
      return typeof value === "string" && colour.test(value) ? `${selector}{${property}:#${value}}` : [];
    })
    .join("");
}

/** The style that a document asks for. Only what was checked gets into it. */
export function cssOf(settings: Settings): string {
  const rounded = corners.flatMap(([path, selector]) => {
    const value = Number(at(settings, path));
    return value >= 0 && value <= maxRadius ? `${selector}{border-radius:${value}px}` : [];
  });
  const scheme = at(settings, "categories.global.colorSchemeMode");
  const dark = ofMode(settings, "darkMode");
  if (scheme === "DARK") return [...rounded, dark].join("");
  const light = ofMode(settings, "lightMode");
  const adapts = scheme === "DYNAMIC" && dark !== "";
  return [...rounded, light, adapts ? `@media(prefers-color-scheme:dark){${dark}}` : ""].join("");
}

export interface Style {
  css: string;
  logo: Html;
}

/** The style of a client, on a domain that has managed login. */
export async function styleFor(visit: Visit, clientId: string): Promise<Style | undefined> {
  if (visit.domain.managedLoginVersion !== 2) return undefined;
  const row = await brandings.get(visit.ctx.tx, ...keyOf(visit.pool), clientId);
  if (row === undefined) return { css: "", logo: none };
  const source = ({ id }: BrandingAsset) =>
    `${visit.base}${imagePath}?client_id=${clientId}&image=${id}&v=${row.modifiedMs}`;
  const logo = shownImage(row, "FORM_LOGO", "components.form.logo.enabled");
  const background = shownImage(row, "PAGE_BACKGROUND", "components.pageBackground.image.enabled");
  const behind = background && `body{background-image:url("${source(background)}");background-size:cover}`;
  return {
    css: `${cssOf(row.settings)}${behind ?? ""}`,
    logo: logo === undefined ? none : html`<p><img src="${source(logo)}" alt=""></p>`,
  };
}

function shownImage({ assets, settings }: BrandingRow, category: string, switchedBy: string) {
  if (at(settings, switchedBy) === false) return undefined;
  const mode = at(settings, "categories.global.colorSchemeMode") === "DARK" ? "DARK" : "LIGHT";
  const images = assets.filter(({ Category }) => Category === category);
  return images.find(({ ColorMode }) => ColorMode === mode) ?? images[0];
}

export const mediaTypes: Record<string, string> = {
  ICO: "image/x-icon",
  JPEG: "image/jpeg",
  PNG: "image/png",
  SVG: "image/svg+xml",
  WEBP: "image/webp",
};

/** An image of a style. What SVG might hold besides, runs nowhere. */
export async function brandImage(visit: Visit): Promise<Answer> {
  const { query, pool, ctx } = visit;
  const clientId = query.get("client_id") ?? "";
  const row = await brandings.get(ctx.tx, ...keyOf(pool), clientId);
  const asset = row?.assets.find(({ id }) => id === query.get("image"));
  const image = asset && (await brandingImages.get(ctx.tx, ...keyOf(pool), clientId, asset.id));
  if (asset === undefined || image === undefined) return errorPage(visit, "The page does not exist.", 404);
  return {
    status: 200,
    headers: [
      ...["content-type", mediaTypes[asset.Extension ?? ""] ?? "application/octet-stream"],
      ...["content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"],
      ...["x-content-type-options", "nosniff", "cache-control", "public, max-age=3600"],
    ],
    body: Buffer.from(image.bytes, "base64"),
  };
}
