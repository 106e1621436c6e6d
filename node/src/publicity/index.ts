export { type Agency, agencyOf } from './agency.ts';
export { followedCalendar } from './calendar.ts';
export { type MonthOfTimeliness, PUBLICITY_WORKING_DAYS, type Timeliness } from './deadlines.ts';
export { PUBLIC_FIELDS } from './public-fields.data.ts';
export type { PublicField, PublicRecord } from './public-record.ts';
export {
  CURSOR,
  type DuePublication,
  Publicity,
  type PublicityOptions,
  type PublicityState,
  type PublicPage,
  type TimelinessReport,
} from './service.ts';
export type { HiddenBecause, Visibility } from './visibility.ts';
