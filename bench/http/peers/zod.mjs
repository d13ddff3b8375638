/** The checks of those frameworks that leave them to zod. */
import { z } from 'zod'

export const byId = z.object({ id: z.coerce.number().int() })
export const after = z.object({ after: z.coerce.number().int() })
export const newUser = z.object({
  name: z.string().min(1).max(64),
  age: z.number().int().min(0).max(150),
  email: z
    .string()
    .max(254)
    .regex(/^[^@\s]+@[^@\s]+$/),
  city_id: z.number().int().min(1),
})
