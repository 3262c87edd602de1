#include "cli/demo_words.h"

#include <fmt/format.h>

namespace rowpage {
namespace {

struct Word {
  std::string_view shown, ascii;
};

constexpr std::array<Word, 40> first_names = {{
    {"Amara", "amara"},   {"Noa", "noa"},           {"Søren", "soren"}, {"Yusuf", "yusuf"},   {"Ingrid", "ingrid"},
    {"Mateo", "mateo"},   {"Léa", "lea"},           {"Kenji", "kenji"}, {"Priya", "priya"},   {"Tomasz", "tomasz"},
    {"ليلى", "layla"},    {"Oskar", "oskar"},       {"Chloé", "chloe"}, {"Ravi", "ravi"},     {"Zuzana", "zuzana"},
    {"דניאל", "daniel"},  {"Beatriz", "beatriz"},   {"Emeka", "emeka"}, {"Freya", "freya"},   {"Giulia", "giulia"},
    {"美咲", "misaki"},   {"Hamza", "hamza"},       {"Ilse", "ilse"},   {"João", "joao"},     {"Karin", "karin"},
    {"Łukasz", "lukasz"}, {"Mireille", "mireille"}, {"Nikos", "nikos"}, {"Olu", "olu"},       {"Paula", "paula"},
    {"Дарья", "darya"},   {"Quentin", "quentin"},   {"Rosa", "rosa"},   {"Šárka", "sarka"},   {"Theo", "theo"},
    {"Ulla", "ulla"},     {"Vera", "vera"},         {"Wren", "wren"},   {"Ximena", "ximena"}, {"Zeynep", "zeynep"},
}};
constexpr std::array<Word, 37> last_names = {{
    {"Okafor", "okafor"},
    {"Ben-Ami", "ben-ami"},
    {"Lindqvist", "lindqvist"},
    {"Demir", "demir"},
    {"Hansen", "hansen"},
    {"Vargas", "vargas"},
    {"Moreau", "moreau"},
    {"Tanaka", "tanaka"},
    {"Iyer", "iyer"},
    {"Kowalski", "kowalski"},
    {"الحداد", "alhaddad"},
    {"Brandt", "brandt"},
    {"D'Angelo", "dangelo"},
    {"Nair", "nair"},
    {"Dvořáková", "dvorakova"},
    {"לוי", "levi"},
    {"Carvalho", "carvalho"},
    {"Eze", "eze"},
    {"Magnusson", "magnusson"},
    {"Ricci", "ricci"},
    {"山本", "yamamoto"},
    {"Siddiqui", "siddiqui"},
    {"van der Meer", "vandermeer"},
    {"Araújo", "araujo"},
    {"Weiß", "weiss"},
    {"Zieliński", "zielinski"},
    {"Dubois", "dubois"},
    {"Pappas", "pappas"},
    {"Adeyemi", "adeyemi"},
    {"Ortiz", "ortiz"},
    {"Соколова", "sokolova"},
    {"O’Neill", "oneill"},
    {"Castillo", "castillo"},
    {"Nováková", "novakova"},
    {"Papadopoulou", "papadopoulou"},
    {"Ahlgren", "ahlgren"},
    {"Yılmaz", "yilmaz"},
}};

constexpr std::array<DemoTown, 12> towns = {{
    {"Lisboa", "Lisboa", "Portugal", "Rua das Flores", "+351 21"},
    {"München", "Bayern", "Deutschland", "Türkenstraße", "+49 89"},
    {"Haifa", "Haifa District", "ישראל", "Allenby Road", "+972 4"},
    {"Abidjan", "Lagunes", "Côte d'Ivoire", "Boulevard de Marseille", "+225 27"},
    {"Asheville", "North Carolina", "United States", "Haywood Road", "+1 828"},
    {"Brno", "Jihomoravský kraj", "Česko", "Údolní", "+420 54"},
    {"Kyōto", "Kyōto-fu", "日本", "Teramachi-dōri", "+81 75"},
    {"Bogotá", "D.C.", "Colombia", "Carrera 7", "+57 601"},
    {"Malmö", "Skåne", "Sverige", "Möllevångsgatan", "+46 40"},
    {"عمّان", "Amman", "الأردن", "Rainbow Street", "+962 6"},
    {"Galway", "Connacht", "Ireland", "Dominick Street", "+353 91"},
    {"Zürich", "ZH", "Schweiz", "Langstrasse", "+41 44"},
}};

constexpr std::array<std::string_view, 14> notes = {{
    "Prefers the early group ☀️; answers messages in the evening.",
    "Came through a friend → wants to bring two more people in spring.",
    "Allergic to nuts 🥜: tell the kitchen before every retreat.",
    "Speaks Spanish and some Portuguese; writes in English.",
    "Asked for an invoice to the company, not to the private address.",
    "Paints at home and would like to show three works in the foyer 🎨.",
    "Moved last month; the old postal code is still in two systems.",
    "Knows the trainer from Lisbon and follows the newsletter ✉️.",
    "Wants fewer e-mails: one a month is enough.",
    "Left-handed: the wheel in the pottery room must be turned round.",
    "Paid twice by mistake; the second payment became a voucher (50 %).",
    "Uses a screen reader, so forms need labels ♿.",
    "Lends us the projector on Thursdays.",
    "Called about the waiting list; a place is free from May on.",
}};
constexpr std::array<std::string_view, 8> praises = {{
    "{} was the calmest hour of my week 🌿. I slept well for the first time in days.",
    "I came to {} with no plan and left with three sketches and a new friend.",
    "Clear, warm, on time: {} is worth every cent.",
    "My mother (78) joined {} and asked when the next one is → please more of this.",
    "{} helped our team to say aloud what everybody knew. Thank you 🙏",
    "The light, the tea, the voices: {} stays in my memory.",
    "I would give {} six stars if there were six ⭐⭐⭐⭐⭐.",
    "Honest advice at {}; nobody tried to sell me anything.",
}};
constexpr std::array<std::string_view, 8> complaints = {{
    "{} began twenty minutes late and nobody said why.",
    "The room of {} was too cold for lying on the floor 🥶.",
    "I paid for {} twice because the page showed an error the first time.",
    "{} was full although the calendar showed three free places.",
    "The recording of {} stops in the middle; please upload it again.",
    "Parking near {} is hopeless → write that into the confirmation.",
    "The workbook of {} has pages 12–15 twice and 16 not at all.",
    "{} was good, but the confirmation came in a language I cannot read.",
}};
constexpr std::array<std::string_view, 12> minute_openings = {{
    "We looked at the figures of",
    "The guests asked for changes in",
    "Two trainers propose to move",
    "Nobody objected to the new plan for",
    "The caretaker needs a week before",
    "A sponsor is interested in",
    "The waiting list is longest for",
    "We compared last year with",
    "The translators are done with",
    "Half of the vouchers were used in",
    "The photographs show",
    "The workshop group rehearsed",
}};
constexpr std::array<std::string_view, 12> minute_middles = {{
    "on the first floor",
    "in the small hall",
    "for the spring programme",
    "during the open house",
    "between the two retreats",
    "together with the gallery",
    "with the help of the agents",
    "before the summer break",
    "in both languages",
    "for people who come for the first time",
    "on the terrace (if it does not rain)",
    "as agreed in March",
}};
constexpr std::array<std::string_view, 12> minute_ends = {{
    "→ Noa writes to everybody concerned.",
    "→ decided, no vote needed.",
    "→ comes back next week 🔁.",
    "; the costs stay below 1 200 €.",
    "; we try it once and then decide.",
    "→ Ravi asks for a second offer.",
    ": 14 in favour, 2 against.",
    "; the form is changed today ✅.",
    "→ open: who has the key?",
    ", and the kitchen knows about it.",
    "; photographs only with consent 📷.",
    "→ the calendar is right again.",
}};

constexpr std::array<std::string_view, 4> right_to_left = {{
    "مرحبًا بكم في ورشة الخط العربي: نبدأ في الساعة السادسة مساءً، والمواد متوفرة (12 قلمًا).",
    "הסדנה מתחילה בשעה 18:00. נא להביא בגדים נוחים, מים ומצב רוח טוב 🙂.",
    "شكرًا جزيلاً على الضيافة → سنعود في الربيع مع العائلة كلها.",
    "תודה על הערב היפה! התמונות יעלו לאתר ביום ראשון (ראו gallery/2026).",
}};

template <std::size_t size>
std::string_view from(DemoDice& dice, const std::array<std::string_view, size>& list) {
  return list[dice.below(size)];
}

}  // namespace

DemoName demo_name(std::size_t number) {
  const Word& first = first_names[number % first_names.size()];
  // The lists' sizes share no divisor, so no whole name comes twice before all have come.
  const Word& last = last_names[number % last_names.size()];
  return {std::string(first.shown), std::string(last.shown), fmt::format("{}.{}", first.ascii, last.ascii)};
}

DemoTown demo_town(std::size_t number) {
  return towns[number % towns.size()];
}

std::string demo_note(DemoDice& dice) {
  return std::string(from(dice, notes));
}

std::string demo_praise(DemoDice& dice, std::string_view subject) {
  return fmt::format(fmt::runtime(from(dice, praises)), subject);
}

std::string demo_complaint(DemoDice& dice, std::string_view subject) {
  return fmt::format(fmt::runtime(from(dice, complaints)), subject);
}

std::string demo_minutes(DemoDice& dice, std::string_view subject, std::size_t bytes) {
  std::string out = fmt::format("Minutes: {}\n\n", subject);
  for (int line = 1; out.size() < bytes; ++line) {
    const auto end = from(dice, minute_ends);
    out += fmt::format("{}. {} {} {}{}{}\n", line, from(dice, minute_openings), subject, from(dice, minute_middles),
                       end.starts_with("→") ? " " : "", end);
  }
  return out;
}

std::string demo_right_to_left(std::size_t number) {
  return std::string(right_to_left[number % right_to_left.size()]);
}

}  // namespace rowpage
