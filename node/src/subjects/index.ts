export { type BindingRequest, Bindings } from './bindings.ts';
export { type BindingOpening, Consents, type ConsentState, type ConsentStatus } from './consents.ts';
export { type QuestionAbout, SubjectQuestions, type SubjectReading } from './questions.ts';
export type { SubjectParts, SubjectReads } from './ports.ts';
export { type SignedStatement, type Statement, type StatementParts, Statements } from './statements.ts';
export { explained } from './sending.ts';
