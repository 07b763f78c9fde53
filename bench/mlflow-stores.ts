import { sql, type Kysely } from 'kysely'

/** Of whatever tables: those of another product are among them. */
type AnyDatabase = Kysely<Record<string, Record<string, unknown>>>

/** How a server's tables are filled with many runs and points, faster than it would take them itself: with copies of what it has written. */
export interface Store {
  /** Copies of a run, with its parameters, tags and metrics; a metric of each has a value of its own, from 0 to 1. */
  copyRun(id: string, count: number): Promise<void>
  /** Earlier points of a metric of a run, one a step. */
  addPoints(run: string, key: string, count: number): Promise<void>
}

/** Our own tables. */
export function ourStore(database: AnyDatabase): Store {
  return {
    copyRun: async (id, count) => {
      await sql`insert into tracking.runs (id, experiment, name, user_name, status, started_at, ended_at, artifact_uri) select md5(r.id || i), experiment, name, user_name, status, started_at + i, ended_at, artifact_uri from tracking.runs r, generate_series(1, ${count}::int) i where r.id = ${id}`.execute(database)
      const copies = sql`tracking.runs r join tracking.runs n on n.experiment = r.experiment and n.id <> r.id`
      await sql`insert into tracking.params (run, key, value) select n.number, p.key, p.value from ${copies} join tracking.params p on p.run = r.number where r.id = ${id}`.execute(database)
      await sql`insert into tracking.tags (run, key, value) select n.number, p.key, p.value from ${copies} join tracking.tags p on p.run = r.number where r.id = ${id}`.execute(database)
      await sql`insert into tracking.series (run, key, step, at, value) select n.number, s.key, s.step, s.at, (n.started_at % 1009) / 1009.0 from ${copies} join tracking.series s on s.run = r.number where r.id = ${id}`.execute(database)
      await sql`insert into tracking.points (series, at, step, value) select s.id, s.at, s.step, s.value from ${copies} join tracking.series s on s.run = n.number where r.id = ${id}`.execute(database)
      await analyse(database)
    },
    addPoints: async (run, key, count) => {
      await sql`insert into tracking.points (series, at, step, value) select s.id, s.at - 1 - i, i, i from tracking.series s join tracking.runs r on r.number = s.run, generate_series(1, ${count}::int) i where r.id = ${run} and s.key = ${key}`.execute(database)
      await analyse(database)
    },
  }
}

/** Those of MLflow's server, whatever columns its release has. */
export function theirStore(database: AnyDatabase): Store {
  /** Rows of a table again, `count` times; `changed` says what becomes of a column. */
  const copy = async (table: string, where: ReturnType<typeof sql>, count: number, changed: Readonly<Record<string, ReturnType<typeof sql>>>): Promise<void> => {
    const { rows } = await sql<{ name: string }>`select column_name as name from information_schema.columns where table_schema = 'public' and table_name = ${table}`.execute(database)
    const columns = rows.map(({ name }) => sql.ref(name))
    const values = rows.map(({ name }) => changed[name] ?? sql.ref(`t.${name}`))
    await sql`insert into ${sql.table(table)} (${sql.join(columns)}) select ${sql.join(values)} from ${sql.table(table)} t, generate_series(1, ${count}::int) i where ${where}`.execute(database)
  }
  return {
    copyRun: async (id, count) => {
      const where = sql`t.run_uuid = ${id}`
      const run_uuid = sql`md5(t.run_uuid || i)`
      await copy('runs', where, count, { run_uuid, start_time: sql`t.start_time + i` })
      for (const table of ['params', 'tags']) await copy(table, where, count, { run_uuid })
      for (const table of ['metrics', 'latest_metrics']) await copy(table, where, count, { run_uuid, value: sql`(i % 1009) / 1009.0` })
      await analyse(database)
    },
    addPoints: async (run, key, count) => {
      await copy('metrics', sql`t.run_uuid = ${run} and t.key = ${key}`, count, { timestamp: sql`t.timestamp - 1 - i`, step: sql`i`, value: sql`i` })
      await analyse(database)
    },
  }
}

async function analyse(database: AnyDatabase): Promise<void> {
  await sql`vacuum analyze`.execute(database)
}
