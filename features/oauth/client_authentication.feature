Feature: Client authentication at the provider
  An integration configures which client the server is at the provider and how this client authenticates.
  Providers refuse a client that uses another method than the one it is registered for.

  Background:
    Given a publisher "paula"

  @OI-124 @direct
  Scenario: A user can log in to an integration that has only the settings of the documented example
    Given a Viewer integration "crm" that was created with the keys of the documented example
    When "alice" tries to log in to "crm"
    Then the session of "alice" with "crm" shows that she is logged in

  @OI-123 @direct
  Scenario Outline: A user can log in to a Viewer integration whose client authenticates with <method>
    Given a Viewer integration "crm" whose client authenticates with <method>
    When "alice" tries to log in to "crm"
    Then the session of "alice" with "crm" shows that she is logged in

    Examples:
      | method                       |
      | client_secret_basic and PKCE |
      | client_secret_post and PKCE  |
      | PKCE alone                   |

  @OI-123 @direct
  Scenario: Content obtains a token of a Service Account integration whose client uses client_secret_post
    Given a Service Account integration "warehouse" whose client authenticates with client_secret_post
    And "paula" has published python-api content "app"
    And "alice" has Viewer permission on "app"
    And "app" is associated with "warehouse"
    When "alice" visits "app"
    Then "app" obtains a token of "warehouse"

  @OI-107
  Scenario: Each Service Account integration requests tokens with its own credentials
    Given a Service Account integration "warehouse"
    And a Service Account integration "archive"
    And "paula" has published python-api content "app"
    And "paula" has published python-api content "other"
    And "alice" has Viewer permission on "app"
    And "alice" has Viewer permission on "other"
    And "app" is associated with "warehouse"
    And "other" is associated with "archive"
    When "alice" visits "app"
    Then "app" obtains a token of "warehouse"
    When "alice" visits "other"
    Then "other" obtains a token of "archive"
