/** The list: search, pages, legs of one call together. */
export const listScript = String.raw`
const $ = (id) => document.getElementById(id);
const permanent = /(?:^|\/r\/)((?:ringcentral\/[^\/?#\s]+)|(?:tim\/[^\/?#\s]+\/[^\/?#\s]+\/[^\/?#\s]+))$/;
const systems = { ringcentral: "RingCentral", tim: "TIM" };
const list = { items: new Map(), groups: new Map(), cursor: undefined, count: 0, turn: 0 };

async function getJson(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (response.status === 401) throw new Error("You are logged out. Open the player again.");
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.message || "The player does not answer.");
  return body;
}

async function showSession() {
  const me = await getJson("/api/me").catch(() => undefined);
  if (!me) return;
  $("place").hidden = !me.fetches;
  if (!me.logout) return;
  $("who").textContent = me.name;
  $("logout").hidden = false;
}

async function search() {
  list.turn += 1;
  const found = permanent.exec($("text").value.trim());
  if (found) return showNamed(found[1], list.turn);
  await load(list.turn, true);
}

function query(cursor) {
  const asked = new URLSearchParams();
  for (const name of ["text", "from", "to", "direction", "source", "where"]) if ($(name).value) asked.set(name, $(name).value);
  if (cursor) asked.set("cursor", cursor);
  return asked;
}

async function load(turn, fresh) {
  $("status").textContent = "Searching…";
  try {
    const page = await getJson("/api/recordings?" + query(fresh ? undefined : list.cursor));
    if (turn !== list.turn) return;
    if (fresh) clear();
    const first = page.recordings[0];
    page.recordings.forEach(add);
    list.cursor = page.cursor;
    $("more").hidden = !page.cursor;
    $("status").textContent = counted();
    if (!fresh && first) itemButton(first.key).focus();
  } catch (error) {
    if (turn === list.turn) $("status").textContent = error.message;
  }
}

function counted() {
  if (list.count === 0) return list.cursor ? "Nothing yet; there is more to search." : "No recordings found.";
  return list.count + (list.count === 1 ? " recording" : " recordings") + (list.cursor ? " so far" : "");
}

async function showNamed(key, turn) {
  try {
    const item = await getJson("/api/recording/" + key);
    if (turn !== list.turn) return;
    clear();
    add(item);
    $("status").textContent = "1 recording";
  } catch (error) {
    if (turn !== list.turn) return;
    clear();
    $("status").textContent = error.message;
  }
}

function clear() {
  list.items.clear();
  list.groups.clear();
  list.count = 0;
  list.cursor = undefined;
  $("more").hidden = true;
  $("recordings").replaceChildren();
}

/** Legs of one call stand below its newest leg. */
function add(item) {
  if (list.items.has(item.key)) return;
  list.items.set(item.key, item);
  list.count += 1;
  const line = element("li");
  line.append(button(item));
  const group = item.session ? item.source + " " + item.session : undefined;
  const head = group && list.groups.get(group);
  if (!head) {
    if (group) list.groups.set(group, line);
    $("recordings").append(line);
    return;
  }
  let legs = head.querySelector("ol");
  if (!legs) {
    legs = element("ol", "legs");
    legs.setAttribute("aria-label", "Further legs of this call");
    head.append(legs);
  }
  legs.append(line);
}

function button(item) {
  const made = element("button", "call");
  made.type = "button";
  made.dataset.key = item.key;
  if (player.item && player.item.key === item.key) made.setAttribute("aria-current", "true");
  made.append(
    element("span", "parties", parties(item)),
    element("span", "length", item.seconds === undefined ? "" : clock(item.seconds)),
    element("span", "when", when(item)),
    element("span", "more-info", details(item)),
  );
  made.addEventListener("click", () => choose(item, true));
  return made;
}

function details(item) {
  const info = [item.direction, item.extension && "ext. " + item.extension, systems[item.source]];
  return [...info, item.missing && "not fetched"].filter(Boolean).join(" · ");
}

/** The recording came into the archive while it was heard. */
function arrived(item) {
  if (!item.missing) return;
  item.missing = false;
  const line = itemButton(item.key);
  if (line) line.querySelector(".more-info").textContent = details(item);
}

function parties(item) {
  const sides = [item.from, item.to].filter(Boolean).join(" → ");
  return [sides || item.id, item.name].filter(Boolean).join(" · ");
}

/** RingCentral gives instants, shown in the listener's own time; TIM gives local times, shown as they are. */
function when(item) {
  if (!item.start) return "time unknown";
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(item.start);
  const date = new Date(item.start);
  if (!zoned || Number.isNaN(date.getTime())) return item.start.slice(0, 19).replace("T", " ");
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return day + " " + [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
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

function itemButton(key) {
  return [...document.querySelectorAll(".call")].find((each) => each.dataset.key === key);
}

let typing;
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
$("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, 250);
});
$("more").addEventListener("click", () => load(list.turn, false));
`;
