import { byGroup, command, defineModel, folder, onArrival } from 'refit'
import { deliveries } from './deliveries.js'

/** Trained by `train.py`; PYTHON names an interpreter that has what requirements.txt lists. */
export default defineModel({
  task: 'regression',
  columns: deliveries,
  source: folder('drops/deliveries'),
  split: byGroup({ test: '25%' }),
  train: command([process.env['PYTHON'] ?? 'python3', 'train.py'], { parameters: { trees: 100 } }),
  triggers: [onArrival()],
})
