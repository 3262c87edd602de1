#include "support/openapi.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

namespace rowpage::contract {
namespace {

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  while (!parts.empty() && parts.back().empty()) parts.pop_back();  // the service forgives a slash at the end
  return parts;
}

bool is_free(std::string_view segment) {
  return segment.starts_with('{');
}

const json::value* json_schema_of(const json::value& content) {
  const auto* all = find_object(content, "content");
  const auto* as_json = all ? all->if_contains("application/json") : nullptr;
  return as_json ? find(*as_json, "schema") : nullptr;
}

// A parameter's text in the kind its schema wants; the text itself when it is none of these.
json::value typed(const std::string& text, std::string_view type) {
  if (type == "number" || type == "integer") {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
  return json::string(text);
}

// One reporter for what stands outside of any schema.
void add(const std::string& schema, std::string place, std::string rule, std::string value,
         const JsonSchema::Tolerates& tolerates, JsonSchema::Finding& out) {
  Violation violation{place, schema, place, std::move(rule), std::move(value)};
  const bool known = tolerates && tolerates(violation);
  (known ? out.tolerated : out.violations).push_back(std::move(violation));
}

boost::system::error_code& ignored_error() {
  static boost::system::error_code error;
  return error;
}

void append(JsonSchema::Finding&& from, std::string_view place, JsonSchema::Finding& to) {
  for (auto& violation : from.violations) {
    violation.at = std::string(place) + violation.at;
    to.violations.push_back(std::move(violation));
  }
  std::ranges::move(from.tolerated, std::back_inserter(to.tolerated));
}

}  // namespace

OpenApi::OpenApi(json::value document) : document_(std::move(document)), schemas_(document_) {
  // Left open, the partial block would be an excuse for every block that breaks its own schema: an object with an id is
  // all it asks. The other partial objects are closed.
  if (auto* partial = document_.find_pointer("/components/schemas/partialBlockObjectResponse", ignored_error())) {
    partial->as_object()["additionalProperties"] = false;
  }
  const auto* components = find_object(document_, "components");
  if (!components) throw std::runtime_error("not an OpenAPI document with components");
  if (const auto* schemas = components->if_contains("schemas")) {
    for (const auto& named : schemas->get_object()) schemas_.vet(named.value());
  }
  for (const auto& [path, methods] : document_.at("paths").get_object()) {
    for (const auto& [method, described] : methods.get_object()) {
      Operation operation;
      std::string upper(method);
      std::ranges::transform(upper, upper.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
      operation.name = upper + " " + std::string(path);
      operation.path = segments(path);
      if (const auto* parameters = find_array(described, "parameters")) {
        for (const auto& one : *parameters) {
          const auto* reference = rowpage::find(one, "$ref");
          const auto& parameter = reference ? schemas_.resolve(reference->get_string()) : one;
          schemas_.vet(parameter.at("schema"));
          operation.parameters.push_back(&parameter);
        }
      }
      if (const auto* body = rowpage::find(described, "requestBody")) {
        operation.body = json_schema_of(*body);
        operation.body_required = operation.body && find_bool(*body, "required");
        operation.other_body = !operation.body;
        if (operation.body) schemas_.vet(*operation.body);
      }
      operation.responses = find_object(described, "responses");
      if (!operation.responses) throw std::runtime_error(operation.name + " has no responses");
      for (const auto& response : *operation.responses) {
        if (const auto* schema = json_schema_of(response.value())) schemas_.vet(*schema);
      }
      operations_.push_back(std::move(operation));
    }
  }
  for (auto& operation : operations_)
    operation.method = std::string_view(operation.name).substr(0, operation.name.find(' '));
}

const OpenApi::Operation* OpenApi::find(std::string_view method, std::string_view path) const {
  const auto asked = segments(path);
  const Operation* best = nullptr;
  std::ptrdiff_t fewest = 0;  // "/users/me" before "/users/{user_id}"
  for (const auto& operation : operations_) {
    if (operation.method != method || operation.path.size() != asked.size()) continue;
    const bool fits = std::ranges::equal(operation.path, asked,
                                         [](auto wanted, auto got) { return is_free(wanted) || wanted == got; });
    const auto free = std::ranges::count_if(operation.path, is_free);
    if (fits && (!best || free < fewest)) {
      best = &operation;
      fewest = free;
    }
  }
  return best;
}

JsonSchema::Finding OpenApi::check_request(const Exchange& exchange, const JsonSchema::Tolerates& tolerates) const {
  JsonSchema::Finding out;
  const auto* operation = find(exchange.method, exchange.path);
  if (!operation) {
    auto parts = segments(exchange.path);
    std::string shown;
    for (std::size_t i = 0; i < parts.size(); ++i) shown += "/" + (i == 2 ? std::string("*") : std::string(parts[i]));
    add("request", "", "path", exchange.method + " " + shown, tolerates, out);
    return out;
  }
  const auto name = operation->name + " request";
  const auto asked = segments(exchange.path);
  std::vector<std::string_view> known;
  for (const auto* parameter : operation->parameters) {
    const auto key = find_string(*parameter, "name"), in = find_string(*parameter, "in");
    const auto& schema = parameter->at("schema");
    const auto check = [&](const json::value& value, const std::string& place) {
      append(schemas_.check(schema, name + " " + std::string(key), value, tolerates), place, out);
    };
    if (in == "path") {
      const auto at = std::ranges::find(operation->path, "{" + std::string(key) + "}");
      check(json::string(asked.at(static_cast<std::size_t>(at - operation->path.begin()))),
            "/path/" + std::string(key));
    } else if (in == "header" && key == "Notion-Version") {
      check(json::string(exchange.version), "/header/Notion-Version");
    } else if (in == "query") {
      known.push_back(key);
      json::array values;
      const bool several = find_string(schema, "type") == "array";
      const auto inner = several ? find_string(schema.at("items"), "type") : find_string(schema, "type");
      for (const auto& [sent, text] : exchange.query) {
        if (sent == key || (several && sent == std::string(key) + "[]")) values.push_back(typed(text, inner));
      }
      if (values.empty()) {
        if (find_bool(*parameter, "required")) add(name, "/query", "required", std::string(key), tolerates, out);
      } else if (several) {
        check(values, "/query/" + std::string(key));
      } else {
        for (const auto& value : values) check(value, "/query/" + std::string(key));
      }
    }
  }
  for (const auto& [key, text] : exchange.query) {
    const auto bare = key.ends_with("[]") ? key.substr(0, key.size() - 2) : key;
    if (std::ranges::find(known, bare) == known.end()) {
      add(name, "/query", "additionalProperties", key, tolerates, out);
    }
  }
  if (exchange.request.is_null()) {
    if (operation->body_required) add(name, "/body", "required", "body", tolerates, out);
  } else if (!operation->body) {
    if (!operation->other_body) add(name, "/body", "additionalProperties", "body", tolerates, out);
  } else {
    append(schemas_.check(*operation->body, name, exchange.request, tolerates), "/body", out);
  }
  return out;
}

JsonSchema::Finding OpenApi::check_answer(const Exchange& exchange, const JsonSchema::Tolerates& tolerates) const {
  JsonSchema::Finding out;
  const auto* operation = find(exchange.method, exchange.path);
  if (!operation) {  // said of the request; refusals look the same everywhere
    const auto name = "error_api_" + std::to_string(exchange.status);
    const auto* error = document_.at("components").at("schemas").get_object().if_contains(name);
    return error ? schemas_.check(*error, name, exchange.response, tolerates) : out;
  }
  const auto* response = operation->responses->if_contains(std::to_string(exchange.status));
  if (!response) {
    add("answer", "", "status", std::to_string(exchange.status), tolerates, out);
    return out;
  }
  const auto* schema = json_schema_of(*response);
  if (!schema) return out;
  return schemas_.check(*schema, operation->name + " " + std::to_string(exchange.status), exchange.response, tolerates);
}

}  // namespace rowpage::contract
