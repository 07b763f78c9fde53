import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPage, root } from './pages.js'
import { workedVerdicts } from './worked-verdicts.js'

const PAGE = 'docs/verdicts.md'
const HEADING = '## Worked examples\n'

test('the worked examples are what the check finds and `refit show` prints', () => {
  const page = readPage(PAGE)
  const [before = '', section = ''] = page.split(HEADING)
  const start = section.indexOf('\n### ') + 1
  const made = workedVerdicts()
  // REFIT_WRITE_DOCS=1 node scripts/test.mjs docs/verdicts writes them anew, to be read before they are committed.
  if (process.env['REFIT_WRITE_DOCS'] === '1') writeFileSync(join(root, PAGE), `${before}${HEADING}${section.slice(0, start)}${made}`)
  else assert.equal(section.slice(start), made)
})
