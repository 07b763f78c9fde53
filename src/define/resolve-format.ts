import type { StoredColumn, StoredFormat } from './stored-definition.js'

/** Checks what the project file says of files against its columns. */
export function resolveFormat(format: StoredFormat, columns: Readonly<Record<string, StoredColumn>>, fault: (where: string, message: string) => void): StoredFormat {
  const { delimiter, quote, header, columns: names } = format
  for (const [option, character] of [['delimiter', delimiter], ['quote', quote]] as const) {
    if (character !== undefined && !/^[\t\u0020-\u007e]?$/.test(character)) fault(`format.${option}`, 'it must be one printable ASCII character or a tab')
  }
  if (delimiter !== undefined && delimiter === quote) fault('format.quote', 'it is the delimiter too')
  if (names === undefined) return format
  if (header !== false) fault('format.columns', 'they are for files without header: header: false')
  for (const [index, name] of names.entries()) {
    if (!Object.hasOwn(columns, name)) fault(`format.columns[${index}]`, `there is no column ${name}; declare it, as column.ignored() if it is of no use`)
    if (names.indexOf(name) < index) fault(`format.columns[${index}]`, `${name} is there twice`)
  }
  for (const [name, { role }] of Object.entries(columns)) {
    if (role !== 'ignored' && !names.includes(name)) fault('format.columns', `${name} is missing`)
  }
  return format
}
