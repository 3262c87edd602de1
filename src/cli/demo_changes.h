// What happens on both sides while nobody watches, and what must have become of it after the next sync.
#pragma once

#include <string>
#include <vector>

#include "cli/demo_records.h"

namespace rowpage {

class DemoChanges {
 public:
  /// One property of one record that a story is about, with what both sides show before and after.
  struct Watched {
    std::size_t record = 0;
    std::string property;  // empty: whether the record lives
    std::string expected;  // on both sides after the sync
    DemoRecords::Shown before, after;
  };
  struct Story {
    std::string name;
    std::vector<std::string> edits;  // what was done, for people
    std::vector<Watched> watched;
  };

  DemoChanges(DemoWorld& world, Session& session, DemoRecords& records)
      : world_(world), session_(session), records_(records) {}

  /// Looks at both sides, then edits both.
  Status edit();
  /// Looks again. What differs from the expectation is named in `faults`.
  Status look(std::vector<std::string>& faults);
  /// Takes the trashed target out of the trash again: one story of its own.
  Status restore();

  const std::vector<Story>& stories() const { return stories_; }

 private:
  Status merge();
  Status conflict();
  Status link_from_the_back_end();
  Status link_in_sql();
  Status link_across();
  Status unlink_in_notion();
  Status unlink_in_sql();
  Status both_ends_of_many_to_many();
  Status move_subtask();
  Status trash_target();
  Status delete_row();
  Status trash_page();

  Result<Watched> watch(std::size_t record, std::string property, std::string expected = {});
  Status tell(std::string name, std::vector<std::string> edits, std::vector<Watched> watched);
  Status on_page(std::size_t record, std::string_view property, const json::value& value);
  Status relink(std::size_t record, std::string_view property, const std::vector<std::string>& pages);
  Status in_row(std::size_t record, std::string_view property, const std::string& sql_value);
  Status join_row(bool add, std::size_t record, std::string_view property, std::size_t other);

  DemoWorld& world_;
  Session& session_;
  DemoRecords& records_;
  std::vector<Story> stories_;
  std::size_t campaign_ = 0, trashed_ = 0, linked_to_trashed_ = 0;
};

/// "6 links → 5 (− Invoice a voucher)", "\"Nurse\" → \"Head of Waves\"": short enough for a terminal.
std::string demo_before_after(std::string_view before, std::string_view after, bool links);

}  // namespace rowpage
