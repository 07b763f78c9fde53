import type { StoredModel, StoredProject } from '../../src/define/stored-definition.js'

/** A small valid definition, as the project file would be stored. */
export function modelNamed(name: string, differences: Partial<StoredModel> = {}): StoredModel {
  return {
    formatVersion: 1,
    name,
    task: 'regression',
    columns: {
      id: { type: 'category', role: 'group', optional: false },
      price: { type: 'number', role: 'target', optional: false },
      rooms: { type: 'number', role: 'feature', optional: false },
    },
    source: { kind: 'upload', options: {} },
    window: { kind: 'all' },
    split: { kind: 'group', test: 0.2, validation: 0.1 },
    train: { kind: 'module', options: {} },
    check: [{ kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.15 }],
    approval: 'never',
    triggers: [{ kind: 'arrival' }],
    limits: { trainMilliseconds: 60_000, trainMemoryBytes: 1e9, dataMemoryBytes: 1e9 },
    ...differences,
  }
}

export function projectOf(...models: readonly StoredModel[]): StoredProject {
  return {
    formatVersion: 1,
    server: { controlPort: 0, servingPort: 0, servingProcesses: 1, answerWithin: '30 seconds', bind: '127.0.0.1', hosts: [], origins: [] },
    models: Object.fromEntries(models.map((model) => [model.name, model])),
  }
}
