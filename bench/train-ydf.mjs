// Trains Yggdrasil on four of five houses of the file that the first argument names, and leaves the model at the second.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [, , houses, target] = process.argv
const require = createRequire(import.meta.url)
globalThis.JSZip = require('jszip')
const [head, ...lines] = readFileSync(houses, 'utf8').trim().split('\n')
const names = head.split(',')
const kept = [...names.keys()].filter((at) => !['id', 'date'].includes(names[at]))
// A letter before the code of a district, or it would be taken for a number; a fraction, or 0 and 1 would be taken for none.
const written = (at, value) => (names[at] === 'zipcode' ? `c${value}` : /^-?\d+$/.test(value) ? `${value}.0` : value)
const rows = lines.filter((_, row) => row % 5 !== 0).map((line) => line.split(','))
const csv = [kept.map((at) => names[at]), ...rows.map((row) => kept.map((at) => written(at, row[at])))].map((fields) => fields.join(','))
const training = await require('ydf-training')()
const saved = await new training.GradientBoostedTreesLearner('price', 'REGRESSION').train(`${csv.join('\n')}\n`).save()
writeFileSync(target, Buffer.from(await saved.arrayBuffer()))
process.exit(0)
