const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];

/**
 * A cron expression of five fields as EventBridge wants it: six fields, one of day and weekday a question mark,
 * weekdays by name because it counts them from 1.
 * @throws Error for a day and a weekday at once, which EventBridge cannot express.
 */
export function awsSchedule(cron: string): string {
  const [minute = '', hour = '', day = '', month = '', weekday = '', ...rest] = cron.trim().split(/\s+/);
  if (weekday === '' || rest.length > 0)
    throw new Error(`"${cron}" is not a cron expression of five fields.`);
  if (day !== '*' && weekday !== '*')
    throw new Error(`"${cron}" names a day and a weekday: EventBridge takes one.`);
  const step = (field: string) => field.replace(/^\*\//, '0/');
  const named = weekday.replaceAll(/\d/g, (digit) => weekdays[Number(digit)] ?? digit);
  const [days, names] = weekday === '*' ? [day, '?'] : ['?', named];
  return `cron(${step(minute)} ${step(hour)} ${days} ${month} ${names} *)`;
}
