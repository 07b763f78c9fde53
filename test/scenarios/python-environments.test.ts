import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { createProject, until } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

/** An interpreter that can make environments; CI makes one. */
const interpreter = process.env['REFIT_TEST_PYTHON'] ?? ''
const uv = join(dirname(interpreter), 'uv')
const needsPython = interpreter === '' ? { skip: 'REFIT_TEST_PYTHON names no interpreter' } : {}
const needsUv = interpreter !== '' && spawnSync(uv, ['--version']).status === 0 ? {} : { skip: 'there is no uv beside the interpreter of REFIT_TEST_PYTHON' }

/** Trains by a package that only the environment has, and says where it ran. */
const script = `
import os
import sys
from pathlib import Path

import tiny_line

(Path(os.environ["REFIT_MODEL_DIR"]) / "model.py").write_text("from tiny_line import load")
(Path(os.environ["REFIT_MODEL_DIR"]) / "refit-model.json").write_text('{"loader": "python", "path": "model.py"}')
print("prefix", sys.prefix, "at", os.environ["VIRTUAL_ENV"], "tiny", tiny_line.VERSION)
`

/** The package, of two releases, in a folder beside the lock file: nothing is fetched from anywhere. */
async function writeWheels(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const source = `
import pathlib, sys, zipfile
for version, hours in (("1.0", 0.08), ("2.0", 0.081)):
    info = f"tiny_line-{version}.dist-info"
    files = {
        "tiny_line.py": f"VERSION = '{version}'\\nclass Line:\\n    def predict(self, rows):\\n        return [12 + {hours} * row['distance_km'] for row in (rows if isinstance(rows, list) else rows.to_dict('records'))]\\ndef load(folder):\\n    return Line()\\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: tiny-line\\nVersion: {version}\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(pathlib.Path(sys.argv[1]) / f"tiny_line-{version}-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
`
  const made = spawnSync(interpreter, ['-c', source, folder], { encoding: 'utf8' })
  assert.equal(made.status, 0, made.stderr)
}

for (const [tool, needed, path] of [['pip', needsPython, '/usr/bin:/bin'], ['uv', needsUv, '']] as const) {
  test(`a program runs in an environment that ${tool} makes from its lock file once, and its model is served by it`, needed, async (t) => {
    const train = `command(['python', 'train.py'], { lockFile: 'requirements.txt', python: './base/python', environment: { PIP_NO_INDEX: '1', UV_NO_INDEX: '1', UV_OFFLINE: '1' } })`
    const project = await createProject({ ...smallProject({ train }), 'train.py': script, 'requirements.txt': './wheels/tiny_line-1.0-py3-none-any.whl\n' })
    t.after(() => project.close())
    await writeWheels(join(project.folder, 'wheels'))
    await mkdir(join(project.folder, 'base'))
    await symlink(interpreter, join(project.folder, 'base/python'))
    if (tool === 'uv') await symlink(uv, join(project.folder, 'base/uv'))
    await project.up({ environment: { REFIT_PYTHON: '', PATH: tool === 'uv' ? `${join(project.folder, 'base')}:${process.env['PATH'] ?? ''}` : path } })

    await project.put(`${DROPS}/week-1.csv`, deliveries(1))
    const first = await project.ended(`${MODEL}-1`)
    assert.equal(first.outcome, 'promoted', `${first.explanation} ${await logOf(project.stateFolder, `${MODEL}-1`)}`)
    const environments = (): Promise<readonly string[]> => readdir(join(project.stateFolder, 'environments')).then((names) => names.filter((name) => !name.startsWith('.')))
    const [made = ''] = await environments()
    assert.match(await logOf(project.stateFolder, `${MODEL}-1`), new RegExp(`at ${join(project.stateFolder, 'environments', made)} tiny 1\\.0`))
    const hours = async (): Promise<number> => until('serving', async () => {
      const answer = await project.predict(MODEL, [{ distance_km: 100 }])
      return answer?.status === 200 ? JSON.stringify(answer.body) : undefined
    }).then((body) => Number(/"predictions":\[([\d.]+)/.exec(body)?.[1]))
    assert.equal(await hours(), 20)

    await project.put(`${DROPS}/week-2.csv`, deliveries(2))
    const second = await project.ended(`${MODEL}-2`)
    assert.equal(second.error, undefined)
    assert.deepEqual(await environments(), [made], 'the same file makes no other one')
    assert.doesNotMatch(await logOf(project.stateFolder, `${MODEL}-2`), /install/i)

    await writeFile(join(project.folder, 'requirements.txt'), './wheels/tiny_line-2.0-py3-none-any.whl\n')
    await project.put(`${DROPS}/week-3.csv`, deliveries(3))
    const third = await project.ended(`${MODEL}-3`)
    assert.equal(third.error, undefined)
    assert.match(await logOf(project.stateFolder, `${MODEL}-3`), /tiny 2\.0/)
    assert.equal((await environments()).length, 2)

    await writeFile(join(project.folder, 'requirements.txt'), './wheels/nowhere-1.0-py3-none-any.whl\n')
    await project.put(`${DROPS}/week-4.csv`, deliveries(4))
    const fourth = await project.ended(`${MODEL}-4`)
    assert.equal(fourth.error?.code, 'environment-failed', JSON.stringify(fourth.error))
    assert.match(fourth.error.message, /The Python environment of requirements\.txt could not be made: .*nowhere/)
    assert.equal((await environments()).length, 2)

    await rm(join(project.folder, 'requirements.txt'))
    await project.put(`${DROPS}/week-5.csv`, deliveries(5))
    assert.equal((await project.ended(`${MODEL}-5`)).error?.code, 'lock-file-unreadable')
  })
}

test('a uv.lock beside its pyproject.toml makes the environment that uv has locked', needsUv, async (t) => {
  const train = `command(['python', 'train.py'], { lockFile: 'uv.lock', python: './base/python', environment: { UV_NO_INDEX: '1', UV_OFFLINE: '1' } })`
  const pyproject = '[project]\nname = "small-models"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["tiny-line"]\n[tool.uv.sources]\ntiny-line = { path = "wheels/tiny_line-1.0-py3-none-any.whl" }\n'
  const project = await createProject({ ...smallProject({ train }), 'train.py': script, 'pyproject.toml': pyproject })
  t.after(() => project.close())
  await writeWheels(join(project.folder, 'wheels'))
  await mkdir(join(project.folder, 'base'))
  await symlink(interpreter, join(project.folder, 'base/python'))
  await symlink(uv, join(project.folder, 'base/uv'))
  const locked = spawnSync(uv, ['lock', '--offline', '--no-index', '--python', interpreter], { cwd: project.folder, encoding: 'utf8' })
  assert.equal(locked.status, 0, locked.stderr)
  await project.up({ environment: { REFIT_PYTHON: '', PATH: `${join(project.folder, 'base')}:${process.env['PATH'] ?? ''}` } })

  await project.put(`${DROPS}/week-1.csv`, deliveries(1))
  const first = await project.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', `${first.explanation} ${await logOf(project.stateFolder, `${MODEL}-1`)}`)
  assert.match(await logOf(project.stateFolder, `${MODEL}-1`), new RegExp(`at ${join(project.stateFolder, 'environments')}/\\w+ tiny 1\\.0`))

  // What is locked is what is installed, or nothing is.
  await rm(join(project.folder, 'wheels'), { recursive: true })
  await writeFile(join(project.folder, 'pyproject.toml'), pyproject.replace('1.0', '2.0'))
  await project.put(`${DROPS}/week-2.csv`, deliveries(2))
  const second = await project.ended(`${MODEL}-2`)
  assert.equal(second.error?.code, 'environment-failed', JSON.stringify(second.error))
})

test('an environment whose making is cut off is not used, and is made anew', needsPython, async (t) => {
  const train = `command(['python', 'train.py'], { lockFile: 'requirements.txt', python: './base/python', environment: { PIP_NO_INDEX: '1' } })`
  const project = await createProject({ ...smallProject({ train }), 'train.py': script, 'requirements.txt': './wheels/tiny_line-1.0-py3-none-any.whl\n', hold: '' })
  t.after(() => project.close())
  await writeWheels(join(project.folder, 'wheels'))
  // A slow machine: it stands still when the environment is half there.
  await project.put('base/python', `#!/bin/sh\n[ "$2" = venv ] && '${interpreter}' -m venv --without-pip "$4" && touch begun && while [ -e hold ]; do sleep 0.1; done\nexec '${interpreter}' "$@"\n`)
  await chmod(join(project.folder, 'base/python'), 0o755)
  const environment = { REFIT_PYTHON: '', PATH: '/usr/bin:/bin' }
  await project.up({ environment })
  await project.put(`${DROPS}/week-1.csv`, deliveries(1))
  await until('half an environment', () => Promise.resolve(existsSync(join(project.folder, 'begun')) || undefined))
  await project.kill('control', 'children')
  const folder = join(project.stateFolder, 'environments')
  const names = await readdir(folder)
  assert.deepEqual(names, ['.made'])
  const [left = ''] = await readdir(join(folder, '.made'))
  assert.ok(existsSync(join(folder, '.made', left, 'bin/python')), 'it looks like one')

  await project.remove('hold')
  await project.up({ environment })
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', `${run.explanation}`)
  const [made = '', other] = (await readdir(folder)).filter((name) => !name.startsWith('.'))
  assert.equal(other, undefined)
  const pointed = await readlink(join(folder, made))
  assert.deepEqual(await readdir(join(folder, '.made')), [pointed.replace('.made/', '')], 'what was left has gone')
  assert.notEqual(pointed, `.made/${left}`)
})

function logOf(stateFolder: string, run: string): Promise<string> {
  return readFile(join(stateFolder, 'logs', run, 'train-1.log'), 'utf8')
}
