import { byGroup, defineModel, folder, module, onArrival } from 'refit'
import { deliveries } from './deliveries.js'

/** Trained by a module of the project and served by another, which is bundled into the model package. */
export default defineModel({
  task: 'regression',
  columns: deliveries,
  source: folder('drops/deliveries'),
  split: byGroup({ test: '25%' }),
  train: module('typescript/train.ts', { predictor: 'typescript/predictor.ts', parameters: { neighbours: 7 } }),
  triggers: [onArrival()],
})
