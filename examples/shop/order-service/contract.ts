import { contract, file, NotFound, t, UnprocessableEntity } from 'tricube'

export const Order = t.Object(
  {
    id: t.Integer(),
    product_id: t.Integer(),
    quantity: t.Integer(),
    total_cents: t.Integer(),
    email: t.String(),
    state: t.Union([t.Literal('placed'), t.Literal('paid'), t.Literal('canceled')]),
    reason: t.Union([t.String(), t.Null()], { description: 'why it was canceled' }),
  },
  { $id: 'Order' },
)

const NewOrder = t.Object(
  {
    product_id: t.Integer(),
    quantity: t.Integer({ minimum: 1, maximum: 100 }),
    email: t.String({ format: 'email', examples: ['li.lei@example.com'] }),
    card: t.String({ minLength: 1, examples: ['visa'], description: 'the card that tokens of the bank stand for' }),
  },
  { $id: 'NewOrder' },
)

const Report = t.Object(
  { day: t.String({ format: 'date' }), orders: t.Integer(), total_cents: t.Integer() },
  { $id: 'Report' },
)

export const orderService = contract(
  'order-service',
  {
    placeOrder: {
      route: 'POST /orders',
      summary: 'order a product',
      description: 'Stock and payment follow. Ask for the order to see its state.',
      tags: ['orders'],
      scopes: ['orders:write'],
      body: NewOrder,
      returns: Order,
      errors: [UnprocessableEntity],
    },
    getOrder: {
      route: 'GET /orders/:id',
      summary: 'get an order of your own',
      description: 'Staff, who have the scope orders:all, get any.',
      tags: ['orders'],
      scopes: ['orders:read'],
      params: { id: t.Integer() },
      returns: Order,
      errors: [NotFound],
    },
    exportOrders: {
      route: 'GET /orders.csv',
      summary: 'export all orders as CSV',
      tags: ['orders'],
      scopes: ['orders:all'],
      returns: file('text/csv'),
    },
    listReports: {
      route: 'GET /reports',
      summary: 'list what was sold on each day, the latest first',
      tags: ['reports'],
      auth: ['user', 'key'],
      scopes: ['reports:read'],
      returns: t.Array(Report),
    },
  },
  {
    auth: 'user',
    events: {
      orderPlaced: {
        payload: t.Object({ order_id: t.Integer(), product_id: t.Integer(), quantity: t.Integer() }),
        key: 'order_id',
      },
      orderPaid: {
        payload: t.Object({ order_id: t.Integer(), email: t.String(), total_cents: t.Integer() }),
        key: 'order_id',
      },
      orderCanceled: {
        payload: t.Object({ order_id: t.Integer(), email: t.String(), reason: t.String() }),
        key: 'order_id',
      },
    },
  },
)
