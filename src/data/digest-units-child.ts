import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { answerChildJob } from '../processes/child-job.js'
import { DigestUnitsInput } from './digest-units-job.js'
import { numberOf, openDuckDb, rowOf, text } from './duckdb.js'
import { readDrop } from './read-drop.js'
import { unitDigest } from './unit.js'

/** Reads a file of rows as a drop is read, so that a unit has the same text, and leaves the digests of its units. */
answerChildJob(DigestUnitsInput, async ({ file, columns, memoryBytes, workingFolder, output }) => {
  await mkdir(workingFolder, { recursive: true })
  const connection = await openDuckDb({ memoryBytes, spillFolder: join(workingFolder, 'spill') })
  const drop = { id: 'units', key: file.key, path: file.path, released: true }
  const reading = await readDrop(connection, drop, { drops: [drop], columns, format: {}, otherColumns: 'ignore', outputFolder: workingFolder })
  if (!reading.accepted) return { faults: reading.faults }
  const rows = `read_parquet(${text(join(workingFolder, `${reading.part.sha256}.parquet`))})`
  await connection.run(`copy (select distinct ${unitDigest(columns)} as unit from ${rows} order by unit) to ${text(output)} (format parquet)`)
  return { units: numberOf((await rowOf(connection, `select count(*) as units from read_parquet(${text(output)})`))['units']) }
})
