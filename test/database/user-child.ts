// Uses the server of a state folder until it is told to let go, or is killed.
import { once } from 'node:events'
import { Client } from 'pg'
import { startEmbeddedServer } from '../../src/database/embedded/server.js'

const [, , stateFolder = ''] = process.argv
const server = await startEmbeddedServer(stateFolder)
const client = new Client({ connectionString: server.url })
await client.connect()
const { rows } = await client.query<{ name: string }>("select pg_postmaster_start_time() || ' ' || system_identifier as name from pg_control_system()")
await client.end()
console.log(JSON.stringify({ url: server.url, name: rows[0]?.name }))
await once(process.stdin, 'data')
await server.release()
process.exit(0)
