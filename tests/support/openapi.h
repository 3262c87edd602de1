// Notion's OpenAPI document: which operation a request is, and whether request and answer are what the document says.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/json_schema.h"

namespace rowpage::contract {

/// One request and its answer, as they went over the wire.
struct Exchange {
  std::string method;
  std::string path;                                        // without the query string
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  std::string version;                                     // the Notion-Version header
  json::value request;                                     // null: no body
  int status = 0;
  json::value response;
};

class OpenApi {
 public:
  /// Throws std::runtime_error when the document holds what the check does not understand.
  explicit OpenApi(json::value document);
  OpenApi(const OpenApi&) = delete;  // operations point into the document
  OpenApi& operator=(const OpenApi&) = delete;

  struct Operation {
    std::string name;  // "PATCH /v1/pages/{page_id}"
    std::string_view method;
    std::vector<std::string_view> path;
    std::vector<const json::value*> parameters;
    const json::value* body = nullptr;  // schema
    bool body_required = false;
    bool other_body = false;  // a form with files, which is not judged
    const json::object* responses = nullptr;
  };

  /// Null: the document has no such operation.
  const Operation* find(std::string_view method, std::string_view path) const;
  const std::vector<Operation>& operations() const { return operations_; }
  const json::value& text() const { return document_; }

  /// Path, query parameters, version and body. An operation the document lacks is a violation of the rule "path".
  JsonSchema::Finding check_request(const Exchange& exchange, const JsonSchema::Tolerates& tolerates = {}) const;
  /// Status and body. Of an operation the document lacks, errors alone are judged.
  JsonSchema::Finding check_answer(const Exchange& exchange, const JsonSchema::Tolerates& tolerates = {}) const;

 private:
  json::value document_;
  JsonSchema schemas_;
  std::vector<Operation> operations_;
};

}  // namespace rowpage::contract
