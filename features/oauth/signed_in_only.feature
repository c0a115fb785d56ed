Feature: OAuth endpoints require a user who is signed in
  The endpoints that log users in to integrations, and the API of integrations, sessions and associations,
  require a user who is signed in. The proxy lets visitors who are not signed in through once the server
  has a login page to which it can send them.

  Background:
    Given a server configured with:
      | ProxyAuth.LoginURL | https://login.example.com/ |
    And a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has begun to log in to "crm"

  @SEC-001
  Scenario Outline: A visitor who is not signed in cannot read the list of <list>
    When "paula" asks for the list of <list>
    And an anonymous visitor asks for the list of <list>
    Then the request is refused or shows nothing

    Examples:
      | list           |
      | integrations   |
      | OAuth sessions |

  @SEC-001
  Scenario: A login that a visitor who is not signed in begins does not lead to the provider
    When an anonymous visitor begins to log in to "crm"
    Then the login does not lead to the provider

  @SEC-001
  Scenario: A visitor who is not signed in ends no OAuth session with the logout endpoint
    When an anonymous visitor logs out of "crm"
    Then "paula" has one session with "crm"

  @SEC-001
  Scenario: A visitor who is not signed in cannot read the associations of content
    Given "paula" has published python-api content "app"
    And "app" is associated with "crm"
    When "paula" asks for the associations of "app"
    And an anonymous visitor asks for the associations of "app"
    Then the request is refused or shows nothing
