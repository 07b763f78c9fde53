import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { RunDetail } from '../../src/api/wire/run.js'
import { createProject, type RunningProject } from '../support/running-project.js'

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))
const python = process.env['REFIT_TEST_PYTHON'] ?? ''
const WEEKS = 2
/** MLflow's client alone takes seconds to start, and finds out what a model needs by loading it in a process of its own. */
const PATIENCE = 300_000

export const MODEL = 'house-price'

/** A dear house and a cheap one. */
export const houses = [
  { zipcode: '98039', sqft_living: 3000, bedrooms: 4, waterfront: true, yr_renovated: null },
  { zipcode: '98002', sqft_living: 1200, bedrooms: 2, waterfront: false, yr_renovated: 2001 },
]

/** An example's files as a project of their own, up, with weeks of made-up sales that have not been delivered yet. */
export async function startExample(t: TestContext, name: string): Promise<RunningProject> {
  const folder = join(examples, name)
  const files = readdirSync(folder).filter((file) => /\.(?:ts|py|txt)$/.test(file))
  const project = await createProject(Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')] as const))))
  t.after(() => project.close())
  execFileSync(python, [join(examples, 'house-prices-python/make_sales.py'), 'made', String(WEEKS)], { cwd: project.folder })
  await project.up({ environment: { PYTHON: python, REFIT_PYTHON: '' } })
  return project
}

/** Delivers the weeks, one after the other; each brings a version into service, and what its run says is returned. */
export async function deliverWeeks(project: RunningProject): Promise<readonly RunDetail[]> {
  const runs: RunDetail[] = []
  for (let week = 1; week <= WEEKS; week += 1) {
    await project.put(`drops/house-sales/week-0${week}.csv`, await readFile(join(project.folder, `made/week-0${week}.csv`)))
    const run = await project.ended(`${MODEL}-${week}`, PATIENCE)
    assert.equal(run.outcome, 'promoted', `${run.explanation} ${JSON.stringify(run.error)}`)
    assert.equal(run.verdict?.champion?.version, week === 1 ? undefined : week - 1)
    runs.push(run)
  }
  return runs
}
