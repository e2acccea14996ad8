// What does the page say, in German and in English? (messages.py)

const LANGUAGES = ["de", "en"];

/** The sentence behind a key of the catalogue; whole numbers are grouped by thousands. */
function text(key, lang, params = {}) {
  return CATALOGUE[key][LANGUAGES.indexOf(lang)].replace(/\{\{|\}\}|\{(\w+)\}/g, (whole, name) => {
    if (name === undefined) return whole[0];
    const value = params[name];
    return typeof value === "number" ? number(value, lang) : String(value);
  });
}

function known(kind, name) {
  return Object.hasOwn(CATALOGUE, `${kind}.${name}`);
}

/** The sentence for a code, or the bare code: reports outlive versions. */
function code(kind, name, lang) {
  return known(kind, name) ? text(`${kind}.${name}`, lang) : name;
}

function counted(count, lang, thing = "record") {
  return text(`count.${thing}.${Number(count) === 1 ? "one" : "many"}`, lang, {
    n: typeof count === "bigint" ? number(count, lang) : count,
  });
}

/** A span in hours, told in days from two on where it is whole ones. */
function hours(count, lang) {
  const n = Number(count);
  const whole = n >= 48 && n % 24 === 0;
  return whole ? text("period.day.many", lang, { n: n / 24 }) : counted(n, lang, "hour");
}

function number(value, lang) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, lang === "de" ? "." : ",");
}

/** A calendar day (YYYY-MM-DD) as the language writes it. */
function day(value, lang) {
  return lang === "de" ? value.split("-").reverse().join(".") : value;
}

const ZONES = new Map();

/** Formats instants in a zone; in UTC where this browser doesn't know the zone. */
function zoneFormat(zone) {
  if (!ZONES.has(zone)) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit" };
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
    const make = (timeZone) => new Intl.DateTimeFormat("en-GB", { ...parts, ...clock, timeZone });
    try {
      ZONES.set(zone, make(zone));
    } catch {
      ZONES.set(zone, make("UTC"));
    }
  }
  return ZONES.get(zone);
}

function inZone(instant, zone) {
  const parts = zoneFormat(zone).formatToParts(new Date(instant));
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  const date = `${part.year.padStart(4, "0")}-${part.month}-${part.day}`;
  return { date, time: `${part.hour}:${part.minute}`, zone: part.timeZoneName };
}

/** An instant in the source's zone, to the minute. */
function moment(instant, zone, lang) {
  const local = inZone(instant, zone);
  return `${day(local.date, lang)} ${local.time} (${local.zone})`;
}
