export {
  insertRows,
  json,
  openDatabase,
  type Database,
  type DatabaseLocation,
  type JsonParameter,
  type Parameter,
} from './database.ts';
export { isUniqueViolation } from './errors.ts';
export { migrate } from './migrate.ts';
