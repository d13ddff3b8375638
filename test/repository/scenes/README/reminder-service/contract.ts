import { contract, t, UnprocessableEntity } from 'tricube'

const NewReminder = t.Object({ note_id: t.Integer(), at: t.String({ format: 'date-time' }) })

export const reminderService = contract('reminder-service', {
  createReminder: {
    route: 'POST /reminders',
    body: NewReminder,
    returns: t.Object({ id: t.Integer() }),
    errors: [UnprocessableEntity],
  },
})
