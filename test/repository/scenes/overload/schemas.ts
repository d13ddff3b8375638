import { t } from 'tricube'

export const Payment = t.Object({ amount: t.Integer() })
export const Product = t.Object({ id: t.Integer(), name: t.String() })
export const Receipt = t.Object({ id: t.String() })
