/** Paths that lead out of their folder on some system, after some decoding; as they are meant, before any encoding. */
const climbing = [
  '..', '../', '../x', '../../etc/passwd', 'a/../b', 'a/../../b', 'a/..', './../x', 'a/./../x', '....//x/../..', '. ./x', '.. /x', '../..', 'x/../../../../../../etc/shadow',
]
const absolute = ['/etc/passwd', '//etc/passwd', '///x', '//host/share/x', 'file:///etc/passwd', 'file:/etc/passwd', 'http://host/x', 's3://bucket/x']
const windows = ['C:/x', 'c:x', 'C:\\x', '..\\x', 'a\\..\\b', '\\x', '\\\\host\\share', 'a\\b', 'a/C:/x', 'z:/..', 'a/d:x']
const odd = ['a\0b', '\0', 'a\nb', 'a\rb', 'a\tb', '\u007f', '\u0085', 'a#b', '#', 'x\u001fy', '\u0001', 'a/\0/b', '..\0', '\u009f']

const plain = [...climbing, ...absolute, ...windows, ...odd]
/** What is absolute leads nowhere else below a folder. */
const inFolder = [...climbing, ...windows, ...odd]

/** The path as it stands in an address: everything but letters and digits encoded. */
function encoded(path: string): string {
  return [...Buffer.from(path)].map((byte) => (/[A-Za-z0-9]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`)).join('')
}

/** Only what matters is encoded: dots, separators, colons, control characters. */
function halfEncoded(path: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is hostile
  return path.replaceAll(/[ .\\:#\u0000-\u001f\u007f-\u009f%?]/g, (character) => encoded(character))
}

/** Hostile paths as they are written in an address: once encoded, in part, twice, three times, in upper and lower case. */
export const hostileAddresses: readonly string[] = [
  ...new Set(
    plain.flatMap((path) => [
      encoded(path),
      encoded(path).toUpperCase(),
      halfEncoded(path),
      encoded(encoded(path)),
      halfEncoded(encoded(path)),
      encoded(encoded(encoded(path))),
    ]),
  ),
  ...inFolder.flatMap((path) => [encoded(`folder/${path}`), `folder/${encoded(encoded(path))}`]),
]

/** The same as they are decoded once, as in a query or a message. */
export const hostilePaths: readonly string[] = [...new Set([...plain.flatMap((path) => [path, encoded(path), encoded(encoded(path))]), ...inFolder.map((path) => `folder/${encoded(path)}`)])]

/** Paths that look odd and lead nowhere else. */
export const harmlessPaths = ['a', 'a/b/c.txt', 'with space/é.txt', '100%.txt', '100%25.txt', '..a', 'a..b/c..', '.hidden', '-rf', "quote'd", 'a+b=c&d', 'ünïcode/日本語.bin', 'x'.repeat(255), 'a:b'.replace(':', '-'), '[1]', '{a}', '~user', '$HOME', '*'] as const
