// Follows the links of generated pages, without a network: each file must be there, and have the anchor. What a page shows is not to be
// elsewhere, where it may be missing when the page is read.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

// The attributes of tags; scripts and comments have none that count.
const linkForm =
  /<(?:a|link|img|script|source|iframe)\b[^>]*?\s(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
const pictureForm = /<img\b[^>]*?\ssrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
const idForm = /<[a-z][^>]*?\s(?:id|name)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
const elsewhere = /^(?:[a-z][a-z\d+.-]*:|\/\/)/i;
const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x27;": "'" };

/** What of the pages below `folder` leads nowhere, and how much was looked at. */
export function brokenLinks(folder) {
  const pages = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".html"));
  const texts = new Map(
    pages.map((name) => [join(folder, name), withoutScripts(readFileSync(join(folder, name), "utf8"))]),
  );
  const anchors = new Map();
  const anchorsOf = (file) => {
    if (!anchors.has(file)) anchors.set(file, new Set(found(idForm, texts.get(file) ?? readFileSync(file, "utf8"))));
    return anchors.get(file);
  };
  const broken = [];
  let links = 0;
  for (const [file, text] of texts) {
    for (const link of found(pictureForm, text))
      if (elsewhere.test(link) && !link.startsWith("data:"))
        broken.push(`${relative(folder, file)}: ${link} is elsewhere`);
    for (const link of new Set(found(linkForm, text))) {
      if (elsewhere.test(link)) continue;
      links += 1;
      const problem = followed(file, link, anchorsOf);
      if (problem) broken.push(`${relative(folder, file)}: ${link} ${problem}`);
    }
  }
  return { broken, pages: pages.length, links };
}

function followed(file, link, anchorsOf) {
  const [address, anchor] = link.split("#");
  const path = decodeURI(address.split("?")[0]);
  let target = path === "" ? file : resolve(dirname(file), path);
  if (existsSync(target) && statSync(target).isDirectory()) target = join(target, "index.html");
  if (!existsSync(target)) return "is not there";
  // rustdoc's source pages make the anchors of lines when they are asked for.
  if (!anchor || !target.endsWith(".html") || /\/src\/.*\.rs\.html$/.test(target)) return undefined;
  const known = anchorsOf(target);
  // rustdoc writes them encoded in both places.
  return known.has(anchor) || known.has(decodeURIComponent(anchor)) ? undefined : "has no such anchor";
}

const withoutScripts = (text) => text.replaceAll(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>|<!--[\s\S]*?-->/g, keepTag);
const keepTag = (whole) => /^<script\b[^>]*>/.exec(whole)?.[0] ?? "";

function found(form, text) {
  return [...text.matchAll(form)].map(([, ...values]) =>
    values
      .find((value) => value !== undefined)
      .replaceAll(/&(?:\w+|#x?[\da-f]+);/gi, (entity) => entities[entity] ?? entity),
  );
}
