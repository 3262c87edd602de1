// What was stored earlier and is read back from PostgreSQL: shadows, intended values, the answer of a commit, a cached
// schema. Written by an older version, or mended by hand: read, or left out, and never believed to be more than it is.
#include "cli/source_cache.h"
#include "fuzz/fuzz.h"
#include "fuzz/pair.h"
#include "postgres/batch_json.h"
#include "postgres/row_shape.h"

using namespace rowpage;
using fuzz::claim;

ROWPAGE_FUZZ(stored_state) {
  static const Pair pair = fuzz::whole_pair();
  static const RowShape shape(pair);
  static const Secret token("ntn_some_token");
  const std::string text(bytes);
  if (const auto committed = committed_from_json(shape, 2, text)) {
    claim(committed->items.size() == 2, "a commit answers for every item");
    for (const auto& item : committed->items) {
      if (item.row) claim(item.row->values.size() == pair.fields.size(), "a stored row has all fields");
    }
  }
  if (const auto cached = read_cache(text, token)) {
    const auto again = read_cache(cache_text(cached->source, cached->bot, token), token);
    claim(again && again->source.properties.size() == cached->source.properties.size(), "a cached schema comes back");
  }
  const auto value = parse_json(bytes);
  if (!value) return;
  const Values found = shape.shadow_from_json(*value);
  claim(found.size() == pair.fields.size(), "a shadow has all fields");
  // Values that no column text could have given are let go when they are written; what is left comes back.
  const Values shadow = shape.shadow_from_json(shape.shadow_to_json(found));
  const Values again = shape.shadow_from_json(shape.shadow_to_json(shadow));
  for (std::size_t i = 0; i < shadow.size(); ++i) {
    claim(shadow[i] == again[i], "a shadow comes back", pair.fields[i].column + " " + display(shadow[i], 200));
  }
  const auto changes = changes_from_json(shape, *value);
  claim(changes_from_json(shape, changes_to_json(shape, changes)) == changes, "intended values come back");
}
