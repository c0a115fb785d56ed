Feature: Newer content types
  Client libraries do not agree on the class of these content types. They run a process for their
  visitors, so the suite treats them as interactive content. An implementation that treats them
  differently breaks no documented rule.

  @OI-117 @direct
  Scenario Outline: <mode> content obtains a token of "<account>" through the integration "<integration>"
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
