import { z } from 'zod';
import { endpoint, type Endpoint } from '../endpoint.ts';
import {
  checkpointMessageSchema,
  checkpointSignatureSchema,
  fetchMessageSchema,
  questionMessageSchema,
} from '../../exchange/index.ts';
import { Hash } from '../schemas/common.ts';

/** Between nodes: no token, each body is signed by the member's key on chain. */
export const memberEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'receiveQuestion',
    method: 'post',
    path: '/v1/exchange/questions',
    tag: 'Between members',
    summary: 'Put a signed question to this member',
    access: 'member',
    body: questionMessageSchema.meta({
      id: 'QuestionMessage',
      description: 'A signed request (EIP-712) with what only the responder may know.',
    }),
    replies: {
      202: {
        description: 'Taken in; fetch the answer.',
        schema: z.looseObject({}).meta({ id: 'QuestionTaken' }),
      },
    },
    problems: ['REQUEST_REPLAYED'],
    handle: ({ body, services }) => services.members.receiveQuestion(body),
  }),
  endpoint({
    id: 'fetchAnswer',
    method: 'post',
    path: '/v1/exchange/answers/{requestId}',
    tag: 'Between members',
    summary: 'Fetch the answer to a question of one’s own',
    access: 'member',
    params: z.object({ requestId: Hash }),
    body: fetchMessageSchema.meta({
      id: 'FetchMessage',
      description: 'Signed (EIP-712) by the operator key of the requester.',
    }),
    replies: {
      200: {
        description: 'The answer or a signed refusal.',
        schema: z.looseObject({ state: z.enum(['answered', 'refused']) }).meta({ id: 'FetchOutcome' }),
      },
      202: {
        description: 'Not yet.',
        schema: z.looseObject({ state: z.literal('pending') }).meta({ id: 'AnswerPending' }),
      },
    },
    handle: ({ params, body, services }) => services.members.fetchAnswer(params.requestId, body),
  }),
  endpoint({
    id: 'signCheckpoint',
    method: 'post',
    path: '/v1/exchange/checkpoints',
    tag: 'Between members',
    summary: 'Ask this member, as a witness, to sign a checkpoint',
    access: 'member',
    body: checkpointMessageSchema.meta({ id: 'CheckpointToSign' }),
    replies: {
      200: {
        description: 'The signature.',
        schema: checkpointSignatureSchema.meta({ id: 'CheckpointSignature' }),
      },
    },
    handle: ({ body, services }) => services.members.signCheckpoint(body),
  }),
];
