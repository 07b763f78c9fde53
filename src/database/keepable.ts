/** In JSON: a zero character, or half of a surrogate pair (`JSON.stringify` escapes no whole ones), behind no backslash of its own. */
const UNKEEPABLE_ESCAPE = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/gi

/**
 * A parameter of a statement as PostgreSQL can keep it. Its text has no zero character and its JSON no half of a pair;
 * what comes from files and programs may have both, e.g. from a disk that was full, and must not make a transaction
 * impossible for ever. They become U+FFFD.
 */
export function keepable(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value
  return /^[[{"]/.test(text) && text.includes('\\u') ? text.replaceAll(UNKEEPABLE_ESCAPE, '$1\\ufffd') : text
}
