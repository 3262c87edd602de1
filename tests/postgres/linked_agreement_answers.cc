// What the model and the real server answer, as text that may be compared.
#include <algorithm>

#include "postgres/agreement_text.h"
#include "postgres/linked_agreement.h"

namespace rowpage::testing {
namespace {

std::string text_of(const Target& target) {
  return "target " + std::to_string(target.field) + " page " + target.page_id + " ref " + target.ref + " key " +
         target.key + (target.live ? " live" : "") + (target.deleted ? " deleted" : "") + "\n";
}

std::string text_of(const Errand& errand) {
  return "errand " + std::string(name_of(errand.kind)) + " " + errand.schema + "." + errand.table + " " + errand.key +
         " " + errand.page_id + " " + errand.field + " " + errand.other + " " + errand.to_schema + "." +
         errand.to_table + "\n";
}

template <class T>
std::string sorted(const std::vector<T>& list) {
  std::vector<std::string> texts;
  for (const auto& one : list) texts.push_back(text_of(one));
  std::ranges::sort(texts);
  std::string text;
  for (const auto& one : texts) text += one;
  return text;
}

}  // namespace

void LinkedAgreement::draw_questions() {
  ask_.after = one_of(keys_[below(2)]);
  ask_.unlinked = chance(0.5);
  for (const std::size_t which : {people, tasks}) {
    ask_.keys[which] = some_of(keys_[which], 0.5);
    ask_.pages[which] = some_of(pages_[which], 0.5);
    ask_.keys[which].emplace_back("not a key");
    ask_.pages[which].emplace_back("not a page");
  }
  ask_.edges.clear();
  for (int i = 0; i < 12; ++i)
    ask_.edges.push_back({one_of(pages_[people]), chance(0.1) ? "stranger" : one_of(pages_[tasks]), chance(0.6)});
}

// Rows as both scans and readings tell them, and which of them were written or edited since the last time.
std::string LinkedAgreement::rows_of(Implementation of, const Pair& pair) {
  const auto all = of.table.scan(pair, "", 100, false);
  std::string text = "scan " + testing::text_of(all);
  for (const auto& row : all ? all->rows : std::vector<Row>{}) {
    const auto before = of.rows.find(row.key);
    if (before != of.rows.end() && before->second.first != row.version) text += "\nwritten " + row.key;
    if (before != of.rows.end() && before->second.second != row.updated_ms) text += "\nedited " + row.key;
    of.rows[row.key] = {row.version, row.updated_ms};
  }
  std::erase_if(of.rows, [&](const auto& known) {
    const bool here = known.first.front() == (pair.table == "people" ? 'a' : 'b');
    return here && all && std::ranges::find(all->rows, known.first, &Row::key) == all->rows.end();
  });
  text += "\nunlinked " + testing::text_of(of.table.scan(pair, "", 100, true)) + "\npart " +
          testing::text_of(of.table.scan(pair, ask_.after, 2, ask_.unlinked)) + "\n";
  text += std::to_string(of.table.count(pair).value_or(-1)) + " rows\n";
  const auto changes = of.table.changes(pair, 0, 1000), few = of.table.changes(pair, 0, 2);
  text += "changes\n" + testing::text_of(sorted_changes(changes));
  text += few ? std::to_string(few->changes.size()) + (few->more ? " more\n" : " changes\n") : "none";
  figures.answers += 6;
  if (changes) figures.own_changes += static_cast<int>(std::ranges::count(changes->changes, true, &Captured::own));
  return text;
}

std::string LinkedAgreement::links_of(Implementation of, const Pair& pair, std::size_t which) {
  std::string text = texts_in_order(of.store.links_after(pair, "", 100)) + "after\n" +
                     texts_in_order(of.store.links_after(pair, ask_.after, 2));
  text += "rows\n" + sorted_texts(of.table.read(pair, ask_.keys[which]));
  text += "of rows\n" + sorted_texts(of.store.links_of_rows(pair, ask_.keys[which]));
  text += "of pages\n" + sorted_texts(of.store.links_of_pages(pair, ask_.pages[which]));
  text += "unnoted\n" + texts_in_order(of.store.links_unnoted(pair, 2));
  const auto state = of.store.load(pair);
  text += state ? testing::text_of(*state) : testing::text_of(state.error());
  figures.answers += 7;
  return text;
}

std::string LinkedAgreement::far_ends(Implementation of, const Pair& pair, std::size_t field) {
  const Relation& relation = pair.fields[field].relation;
  const std::size_t far = relation.to_table == "people" ? people : tasks;
  ++figures.answers;
  if (relation.kind == Relation::Kind::back) {
    const auto news = of.store.news(pair, field, ask_.edges);
    if (!news) return testing::text_of(news.error());
    std::string text;
    for (const auto& edge : *news) text += "news " + edge.page_id + " " + edge.owner + (edge.shown ? " +\n" : " -\n");
    return text;
  }
  const auto targets = of.store.targets(pair, field, ask_.pages[far], ask_.keys[far]);
  return targets ? sorted(*targets) : testing::text_of(targets.error());
}

std::string LinkedAgreement::answers(Implementation of) {
  std::string text;
  for (const std::size_t which : {people, tasks}) {
    const Pair& pair = pairs_[which];
    text += "--- " + pair.table + "\n" + rows_of(of, pair) + links_of(of, pair, which);
    for (std::size_t i = 1; i < pair.fields.size(); ++i) text += pair.fields[i].column + "\n" + far_ends(of, pair, i);
    const auto due = of.store.errands(pair);
    ++figures.answers;
    if (!due) return text + testing::text_of(due.error());
    figures.errands += static_cast<int>(due->open.size());
    text += "open\n" + sorted(due->open) + "settled\n" + sorted(due->settled) + (due->more ? "more\n" : "");
  }
  return text;
}

void LinkedAgreement::compare() {
  draw_questions();
  const auto counted = figures;
  const std::string model = answers({model_, model_, model_rows_});
  figures = counted;  // an answer of both is one comparison
  const std::string real = answers({*table_, *store_, real_rows_});
  EXPECT_EQ(model, real) << "after: " << did_;
}

}  // namespace rowpage::testing
