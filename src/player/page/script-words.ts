/** How calls, days and lengths are written on the page, in the listener's own time. */
export const wordsScript = `
const systems = { ringcentral: "RingCentral", tim: "TIM" };
const ways = { inbound: "Inbound", outbound: "Outbound", internal: "Internal" };
const english = navigator.language.startsWith("en") ? navigator.language : "en-GB";
const dayFormat = new Intl.DateTimeFormat(english, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const dateFormat = new Intl.DateTimeFormat(english, { day: "numeric", month: "short", year: "numeric" });
const timeFormat = new Intl.DateTimeFormat(english, { hour: "numeric", minute: "2-digit" });
const numbers = new Intl.NumberFormat(english);

/** Who called, or was called: the side that is not the extension's. */
function other(item) {
  const { from, to, direction, id } = item;
  if (direction === "inbound") return from || "Unknown number";
  if (direction) return to || "Unknown number";
  return [from, to].filter(Boolean).join(" → ") || id;
}

/** The person here, by name, extension or number. */
function agent(item) {
  const own = item.direction === "inbound" ? item.to : item.direction ? item.from : undefined;
  const name = item.user || item.name;
  if (item.extension) return [name, "ext. " + item.extension].filter(Boolean).join(" · ");
  return [name, own].filter(Boolean).join(" · ");
}

function details(item) {
  const named = item.user && item.name && item.user !== item.name ? item.name : undefined;
  const kind = item.key.startsWith("ringcentral/vm/") && "Voicemail";
  return [named, kind, systems[item.source], item.missing && "not fetched"].filter(Boolean).join(" · ");
}

/** When the call began. RingCentral gives instants; TIM gives local times, which are read as the listener's. */
function startOf(item) {
  const date = new Date(item.start || NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function dayKey(date) {
  if (!date) return "";
  const two = (number) => String(number).padStart(2, "0");
  return [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
}

function dayTitle(date) {
  if (!date) return "Time unknown";
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  const near = { [dayKey(new Date())]: "Today, ", [dayKey(yesterday)]: "Yesterday, " }[dayKey(date)] || "";
  return near + dayFormat.format(date);
}

function when(item) {
  const start = startOf(item);
  return start ? dateFormat.format(start) + ", " + timeFormat.format(start) : "time unknown";
}

/** Days that the player has read out of words: "5 Oct 2026", "1 – 31 Oct 2026", "from 5 Oct 2026". */
function daysRead(days) {
  if (!days) return "";
  const [from, to] = [days.from, days.to].map((day) => day && new Date(day + "T12:00:00"));
  if (!from) return "until " + dateFormat.format(to);
  return to ? dateFormat.formatRange(from, to) : "from " + dateFormat.format(from);
}

function counted(count) {
  return numbers.format(count) + (count === 1 ? " recording" : " recordings");
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? hours + ":" + two(minutes) + ":" + two(whole % 60) : minutes + ":" + two(whole % 60);
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** An icon, with words for those who do not see it. */
function icon(name, words) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "#i-" + name);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  const made = element("span", "sign " + name);
  made.append(svg);
  if (words) {
    made.title = words;
    made.append(element("span", "hidden", words + " "));
  }
  return made;
}
`;
