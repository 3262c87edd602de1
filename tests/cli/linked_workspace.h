// A small linked workspace for the real binary: people, projects and tasks, with every way of keeping links.
//
//   Task.Project    required foreign key, two-way          Task.Subtask of  foreign key to itself, two-way
//   Task.Assignee   foreign key, two-way                   Task.Blocks      join table to itself, two-way
//   Task.Watchers   join table, one-way                    Project.Lead     foreign key to a unique text, one-way
//   Project.Members join table, two-way                    Person.Friends   join table to itself, one-way
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/world.h"

namespace rowpage::test {

class LinkedWorkspace : public World {
 public:
  LinkedWorkspace();

  /// Both sides made by `rowpage setup`; variables and data sources learnt from its answer.
  void set_up();
  /// Sets the variables of the databases and learns their data sources.
  void take_databases(const Ran& setup);

  /// The config, with one text replaced by another; the test fails where it is not found.
  void change_config(const std::string& from, const std::string& to);

  using Ids = std::vector<std::string>;
  using Linked = std::map<std::string, Ids>;  // property → pages
  /// As a person in Notion; a page's id.
  std::string make_page(const std::string& model, const std::string& name, const Linked& links = {});
  void link_page(const std::string& page, const std::string& property, const Ids& to);
  void trash(const std::string& page, bool in_trash = true);
  /// As an application; the row's key. `more`: further columns and their values, texts.
  std::string make_row(const std::string& table, const std::string& name,
                       const std::map<std::string, std::string>& more = {});

  std::string page_of(const std::string& model, const std::string& name);
  std::string row_of(const std::string& table, const std::string& name);
  /// Names of what a live page shows in a relation, sorted.
  std::vector<std::string> shown(const std::string& model, const std::string& name, const std::string& property);

  /// What lives, and what it links to, as sentences: "Task write", "Task write: Assignee ann". A second record of one
  /// name shows as "Task write (2)". Links to what does not live are left out.
  using Facts = std::set<std::string>;
  Facts facts_in_notion();
  Facts facts_in_rows();
  void expect_equal(const std::string& when = "");

  /// A sync ten minutes later.
  Ran sync(std::vector<std::string> more = {});
  /// Syncs that follow write nothing on either side.
  void expect_quiet(const std::string& when = "");
  /// Changes whenever anything is written into the tables.
  std::string marks();

  std::map<std::string, std::string> databases, sources;  // by model
};

/// Figure of a model in a run's JSON; -1: not there.
std::int64_t figure_of(const Ran& ran, const std::string& model, const std::string& name);
json::object links_to(const std::vector<std::string>& pages);

}  // namespace rowpage::test
