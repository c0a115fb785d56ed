Feature: Newer content types
  No client library agrees yet on the class of these types. They run a process for their visitors, so
  they are read as interactive, and an implementation that reads them otherwise breaks no documented
  rule.

  @OI-117 @direct
  Scenario Outline: Integrations on <mode> content
    Given a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"
    And "paula" has published <mode> content "app"
    And "app" is associated with "<integration>"
    And "paula" is logged in to "crm"
    When "paula" visits "app"
    Then "app" obtains a token of "<account>"

    Examples:
      | mode          | integration | account   |
      | python-gradio | crm         | paula     |
      | python-panel  | crm         | paula     |
      | nodejs        | crm         | paula     |
      | python-gradio | warehouse   | warehouse |
      | python-panel  | warehouse   | warehouse |
      | nodejs        | warehouse   | warehouse |
