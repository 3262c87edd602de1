#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "config/read_pair.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

// decision_vault, public.decision_vault and "public"."decision_vault" are one table.
std::string full_table_name(const std::string& table) {
  const Names parts = name_parts(table);
  return parts.size() == 1 ? "public\n" + parts[0] : fmt::format("{}", fmt::join(parts, "\n"));
}

class PairsChecker {
 public:
  PairsChecker(Reading& reading, WorkspaceConfig& config, const std::vector<PairNodes>& nodes)
      : reading_(reading), config_(config), pairs_(config.pairs), nodes_(nodes) {}

  void run() {
    check_distinct();
    check_join_tables();
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      for (std::size_t f = 0; f < pairs_[i].fields.size(); ++f) check_target(i, f);
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      for (std::size_t f = 0; f < pairs_[i].fields.size(); ++f) check_other_end(i, f);
    }
    type_foreign_keys();
    check_cycles();
  }

 private:
  std::size_t pair_named(const std::string& model) const {
    const auto same = [&](const PairSpec& pair) { return ascii_lower(pair.model) == ascii_lower(model); };
    const auto at = std::ranges::find_if(pairs_, same);
    return model.empty() || at == pairs_.end() ? nowhere : static_cast<std::size_t>(at - pairs_.begin());
  }

  void wrong(std::size_t pair, std::size_t field, std::string_view key, std::string what, std::string hint) {
    const Node& node = *nodes_[pair].fields[field];
    const Node* at = node.find(key);
    reading_.wrong(at ? *at : node, std::move(what), std::move(hint));
  }

  // A table, a data source and a model's name belong to one pair each; the message names both places.
  void check_distinct() {
    std::map<std::string, std::size_t> seen;
    const auto claim = [&](std::string_view kind, const std::string& name, const std::string& shown,
                           std::size_t index) {
      if (name.empty()) return;
      const auto [at, fresh] = seen.emplace(std::string(kind) + " " + name, index);
      if (fresh) return;
      reading_.wrong(*nodes_[index].pair, fmt::format("the {} `{}` belongs to another pair already", kind, shown),
                     fmt::format("the first pair with it is `{}` at {}: a {} can be in one pair only",
                                 pairs_[at->second].model, pairs_[at->second].place, kind));
    };
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      claim("model", ascii_lower(pairs_[i].model), pairs_[i].model, i);
      if (!pairs_[i].table.empty()) claim("table", full_table_name(pairs_[i].table), pairs_[i].table, i);
      claim("data source", pairs_[i].data_source, pairs_[i].data_source, i);
      if (pairs_[i].data_source.empty()) claim("database", pairs_[i].database, pairs_[i].database, i);
      claim("title", pairs_[i].title, pairs_[i].title, i);
    }
  }

  // A link is one fact and is written from one end: a join table has one owner.
  void check_join_tables() {
    std::map<std::string, std::string> owners;  // table → who has it
    for (const auto& pair : pairs_) {
      if (!pair.table.empty())
        owners.emplace(full_table_name(pair.table), "the table of the pair `" + pair.model + "`");
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      for (std::size_t f = 0; f < pairs_[i].fields.size(); ++f) {
        const auto& field = pairs_[i].fields[f];
        if (field.relation.kind != Relation::Kind::join || field.relation.join.empty()) continue;
        const auto [at, fresh] =
            owners.emplace(full_table_name(field.relation.join),
                           fmt::format("the join table of {}.{}", pairs_[i].model, field.property));
        if (fresh) continue;
        wrong(i, f, "join", fmt::format("`{}` is {} already", field.relation.join, at->second),
              "links are written from one end; the other end says back_of: PROPERTY instead of join");
      }
    }
  }

  void check_target(std::size_t pair, std::size_t index) {
    auto& field = pairs_[pair].fields[index];
    if (!field.is_relation() || field.relation.to.empty()) return;
    const auto target = pair_named(field.relation.to);
    if (target == nowhere) {
      Names models;
      for (const auto& other : pairs_) models.push_back(other.model);
      wrong(pair, index, "to", fmt::format("`{}` is no pair of this file", field.relation.to),
            "a relation can lead only to a database that is a pair here; " + did_you_mean(field.relation.to, models));
      return;
    }
    field.relation.to = pairs_[target].model;
  }

  // The back end names its owner; afterwards both know of each other.
  void check_other_end(std::size_t pair, std::size_t index) {
    const auto& back = pairs_[pair].fields[index];
    const auto target = pair_named(back.relation.to);
    if (back.relation.kind != Relation::Kind::back || back.relation.back_of.empty() || target == nowhere) return;
    const auto& model = pairs_[target].model;
    Names owners;
    for (auto& owner : pairs_[target].fields) {
      if (!owner.is_relation() || owner.relation.kind == Relation::Kind::back) continue;
      owners.push_back(owner.property);
      if (owner.property != back.relation.back_of) continue;
      if (owner.relation.to != pairs_[pair].model) {
        wrong(pair, index, "back_of",
              fmt::format("{}.{} leads to {}, not to {}", model, owner.property, owner.relation.to, pairs_[pair].model),
              "name the relation of that pair that leads here");
      } else if (owner.relation.two_way.empty()) {
        owner.relation.two_way = back.property;
      } else if (owner.relation.two_way != back.property) {
        wrong(pair, index, "back_of",
              fmt::format("the other end of {}.{} is `{}` already", model, owner.property, owner.relation.two_way),
              "a relation in Notion has two ends");
      }
      return;
    }
    wrong(pair, index, "back_of",
          fmt::format("the pair `{}` has no relation `{}` that keeps links", model, back.relation.back_of),
          owners.empty()
              ? fmt::format("give `{}` a relation with a column or a join that leads to {}", model, pairs_[pair].model)
              : did_you_mean(back.relation.back_of, owners));
  }

  // A foreign key has the type of what it leads to, which may be a foreign key itself.
  void type_foreign_keys() {
    const auto each_key = [&](const auto& act) {
      for (auto& wanted : config_.wanted) {
        for (auto& column : wanted.columns) {
          if (!column.references_model.empty()) act(column);
        }
      }
    };
    each_key([&](WantedColumn& column) {
      const auto target = pair_named(column.references_model);
      if (target == nowhere) return;
      column.references_model = pairs_[target].model;
      if (column.references_column.empty()) column.references_column = pairs_[target].key;
    });
    for (std::size_t round = 0; round < pairs_.size(); ++round) {
      each_key([&](WantedColumn& column) {
        const auto target = pair_named(column.references_model);
        if (target == nowhere || !column.sql_type.empty()) return;
        const auto& columns = config_.wanted[target].columns;
        const auto at = std::ranges::find(columns, column.references_column, &WantedColumn::name);
        if (at != columns.end()) column.sql_type = at->sql_type;
      });
    }
    each_key([](WantedColumn& column) {
      if (column.sql_type.empty()) column.sql_type = "text";  // of a column the file does not map
    });
  }

  // No row could be the first in a circle of required foreign keys.
  void check_cycles() {
    std::vector<int> state(pairs_.size(), 0);  // 1: on the way, 2: done
    for (std::size_t i = 0; i < pairs_.size(); ++i) follow(i, state);
  }

  void follow(std::size_t pair, std::vector<int>& state) {
    if (state[pair] != 0 || pairs_[pair].direction == Direction::to_notion) return;
    state[pair] = 1;
    for (std::size_t f = 0; f < pairs_[pair].fields.size(); ++f) {
      const auto& relation = pairs_[pair].fields[f].relation;
      const auto target = pair_named(relation.to);
      if (relation.kind != Relation::Kind::column || !relation.required || target == nowhere) continue;
      way_.push_back({pair, f});
      if (state[target] == 1) cycle(target);
      follow(target, state);
      way_.pop_back();
    }
    state[pair] = 2;
  }

  void cycle(std::size_t first) {
    std::string text;
    bool within = false;
    for (const auto& [pair, field] : way_) {
      within = within || pair == first;
      if (within) text += pairs_[pair].model + "." + pairs_[pair].fields[field].column + " → ";
    }
    const auto& [pair, field] = way_.back();
    wrong(pair, field, "required",
          fmt::format("required foreign keys lead in a circle: {}{}", text, pairs_[first].model),
          "no row could be inserted first: remove `required` from one of them");
  }

  struct Step {
    std::size_t pair, field;
  };

  Reading& reading_;
  WorkspaceConfig& config_;
  std::vector<PairSpec>& pairs_;
  const std::vector<PairNodes>& nodes_;
  std::vector<Step> way_;
};

// A part of a name, in double quotes where a dot or a quote in it would be misread.
std::string written(const std::string& part) {
  if (part.find_first_of(".\"") == std::string::npos) return part;
  std::string quoted = "\"";
  for (const char c : part) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

void check_pairs(Reading& reading, WorkspaceConfig& config, const std::vector<PairNodes>& nodes) {
  PairsChecker(reading, config, nodes).run();
}

void use_schema(WorkspaceConfig& config, const std::string& schema) {
  const auto place = [&](std::string& table) { table = written(schema) + "." + written(name_parts(table).back()); };
  config.schema = schema;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    const auto& wanted = config.wanted[i];
    if (wanted.bare) place(config.pairs[i].table);
    for (const auto field : wanted.bare_joins) place(config.pairs[i].fields[field].relation.join);
  }
}

}  // namespace rowpage
