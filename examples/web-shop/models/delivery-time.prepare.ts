import type { Prepared, Row } from 'refit'
import type { columns, prepared } from './delivery-time.js'

/** The same for training and for the product page, which sends orders as the exports have them. */
export default function prepare({ weekday, weight_kg }: Row<typeof columns>): Prepared<typeof prepared> {
  return {
    weekend: weekday === 0 || weekday === 6,
    handling: weight_kg < 0.5 ? 'letter' : weight_kg < 15 ? 'parcel' : 'freight',
  }
}
