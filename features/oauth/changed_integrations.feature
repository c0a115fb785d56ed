Feature: Changes to integrations
  A login is valid for one client at one provider. After a change of the client or the provider, the
  server does not send the old tokens to the new one, and users log in again.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "alice" is logged in to "crm"
    And "alice" has visited "app" and it obtained a token

  @SEC-038 @direct
  Scenario Outline: A change to the <setting> of an integration ends the logins of its users
    When the administrator changes the <setting> of the integration "crm"
    And "alice" visits "app"
    Then "app" obtains no token
    And no session of "alice" with "crm" holds a refresh token

    Examples:
      | setting               |
      | client                |
      | token address         |
      | authorization address |
      | type                  |

  @SEC-038 @direct
  Scenario: A login in progress fails if the authorization address of the integration changes
    Given "bob" has authenticated at the provider of "crm"
    When the administrator changes the authorization address of the integration "crm"
    And "bob" returns from the provider with the answer unchanged
    Then no session of "bob" with "crm" holds a refresh token

  @SEC-038 @direct
  Scenario: A change to the name of an integration does not end the logins of its users
    When the administrator changes the name of the integration "crm"
    And "alice" visits "app"
    Then "app" obtains a token of "alice"
