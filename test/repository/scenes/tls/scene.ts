import { contract } from 'tricube'
import { userService } from './contract.ts'

export const gatewayService = contract('gateway-service', userService.operations)
