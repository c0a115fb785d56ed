Feature: The client that the server is to a provider
  An integration names the client that the server is to the provider, and how that client authenticates.
  Providers refuse a client that authenticates in another way than it is registered for.

  Background:
    Given a publisher "paula"

  @OI-124 @direct
  Scenario: What the documented example leaves out has values with which a login succeeds
    Given a Viewer integration "crm" that was created with the keys of the documented example
    When "alice" tries to log in to "crm"
    Then the session of "alice" with "crm" says that a refresh token is held

  @OI-123 @direct
  Scenario Outline: The client of a Viewer integration authenticates with <method>
    Given a Viewer integration "crm" whose client authenticates with <method>
    When "alice" tries to log in to "crm"
    Then the session of "alice" with "crm" says that a refresh token is held

    Examples:
      | method                       |
      | client_secret_basic and PKCE |
      | client_secret_post and PKCE  |
      | PKCE alone                   |

  @OI-123 @direct
  Scenario: The client of a Service Account integration authenticates with client_secret_post
    Given a Service Account integration "warehouse" whose client authenticates with client_secret_post
    And "paula" has published python-api content "app"
    And "alice" may view "app"
    And "app" is associated with "warehouse"
    When "alice" visits "app"
    Then "app" obtains a token of "warehouse"

  @OI-107
  Scenario: Two Service Account integrations have credentials of their own
    Given a Service Account integration "warehouse"
    And a Service Account integration "archive"
    And "paula" has published python-api content "app"
    And "paula" has published python-api content "other"
    And "alice" may view "app"
    And "alice" may view "other"
    And "app" is associated with "warehouse"
    And "other" is associated with "archive"
    When "alice" visits "app"
    Then "app" obtains a token of "warehouse"
    When "alice" visits "other"
    Then "other" obtains a token of "archive"
