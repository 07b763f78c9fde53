import { join } from 'node:path'
import { systemClock } from '../../src/clock.js'
import { connect } from '../../src/database/connection.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import type { ObjectStore } from '../../src/objects/object-store.js'
import { openSource } from '../../src/roles/adapters.js'
import { startTriggers } from '../../src/triggers/triggers.js'

/**
 * Records what the source of a model gives until it is killed, and says when the raw bytes of a drop are stored. With
 * `hang` it stays there for ever: the row of the first one is never written.
 */
const [url = '', folder = '', mode = 'go'] = process.argv.slice(2)
const { database } = connect(url, { applicationName: 'recording-child' })
const objects = filesystemObjects(join(folder, 'objects'))
const hanging: ObjectStore = {
  ...objects,
  put: async (...given) => {
    const stored = await objects.put(...given)
    console.log('stored')
    return mode === 'hang' ? new Promise(() => undefined) : stored
  },
}
startTriggers({
  database,
  objects: hanging,
  clock: systemClock,
  openSource: ({ name, definition }) => openSource({ projectFolder: folder, stateFolder: join(folder, '.refit'), model: name }, definition.source),
  lookEvery: 1000,
  settleFor: 1000,
  log: { warn: (message) => console.error(message), error: (message) => console.error(message) },
})
