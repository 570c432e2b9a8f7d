// Links of documents that are read where their neighbours are not: in the npm package, and among the pages of the reference. They lead
// to the repository, at the version's own tag.

import { posix } from "node:path";

const elsewhere = /^(?:[a-z][a-z\d+.-]*:|\/\/|#)/i;
const picture = /\.(?:svg|png|jpe?g|gif|webp)$/i;

/**
 * The text of the document at `path` in the repository, with its relative links made absolute; but for those to files of which
 * `stays` says that they are there.
 */
export function withRepositoryLinks(text, path, { repository, version, stays = () => false }) {
  const absolute = (link) => {
    if (elsewhere.test(link)) return link;
    const [file, anchor] = link.split("#");
    const target = posix.normalize(posix.join(posix.dirname(path), file));
    if (target.startsWith("../")) throw new Error(`${path}: ${link} leads out of the repository`);
    if (stays(target)) return link;
    const kind = picture.test(target) ? "raw" : /\/$|^\.$/.test(target) || !/\.\w+$/.test(target) ? "tree" : "blob";
    return `${repository}/${kind}/v${version}/${target}${anchor === undefined ? "" : `#${anchor}`}`;
  };
  // What stands in fences is code, and no link of the document.
  return text
    .split(/^(```[\s\S]*?^```)/m)
    .map((part) => (part.startsWith("```") ? part : rewritten(part, absolute)))
    .join("");
}

function rewritten(text, absolute) {
  return text
    .replaceAll(/(\]\()([^)\s]+)(?=[)\s])/g, (_, before, link) => before + absolute(link))
    .replaceAll(/^(\[[^\]]+\]:\s*)(\S+)/gm, (_, before, link) => before + absolute(link))
    .replaceAll(/(\s(?:src|srcset|href)=")([^"]+)(?=")/g, (_, before, link) => before + absolute(link));
}

/** What the manifest says of the repository, as a reader's address. */
export function repositoryOf({ repository, version }) {
  return { repository: repository.url.replace(/^git\+|\.git$/g, ""), version };
}
