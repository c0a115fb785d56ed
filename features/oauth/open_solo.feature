Feature: Content that users open by itself
  A user who opens content outside of the dashboard sees no prompt to log in to its integration. The server
  sends the browser to that login instead, if there is one and if the user has not done it.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" may view "app"
    And "bob" may view "app"

  Rule: The browser of a viewer who is not logged in is sent to the login

    @OI-049
    Scenario: A viewer who is not logged in is sent to the login of the integration
      Given "bob" is logged in to "crm"
      Then "alice" is sent to log in to "crm" when she opens "app" in her browser
      And "bob" is not sent to log in when he opens "app" in his browser

    @OI-050
    Scenario: A viewer who is logged in sees the content
      Given "alice" is logged in to "crm"
      Then "alice" is not sent to log in when she opens "app" in her browser

    @OI-051
    Scenario: The redirect begins a login that ends at the server
      When "alice" opens "app" in her browser and logs in
      Then the login ends at the server
      And the session of "alice" with "crm" says that a refresh token is held
      And "alice" is not sent to log in when she opens "app" in her browser

  Rule: Nobody else is sent there

    @OI-101
    Scenario: A Service Account integration has no login
      Given a Service Account integration "warehouse"
      And "paula" has published python-api content "depot"
      And "depot" is associated with "warehouse"
      And "alice" may view "depot"
      Then "alice" is not sent to log in when she opens "depot" in her browser

    @OI-121
    Scenario: A program with an API key is not sent to a login
      Given "alice" has an API key
      Then "alice" is sent to log in to "crm" when she opens "app" in her browser
      And "alice" is not sent to log in when her program opens "app" with her API key
