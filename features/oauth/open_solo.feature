Feature: Content in open-solo mode
  Content in open-solo mode shows no prompt to log in to its integration. If the integration has a login
  and the user has not completed it, the server redirects the browser to the login endpoint.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "bob" has Viewer permission on "app"

  Rule: A viewer who is not logged in is redirected to the login endpoint

    @OI-049
    Scenario: A viewer who is not logged in is redirected to the login endpoint of the integration
      Given "bob" is logged in to "crm"
      Then "alice" is sent to log in to "crm" when she opens "app" in her browser
      And "bob" is not sent to log in when he opens "app" in his browser

    @OI-050
    Scenario: A viewer who is logged in opens the content without a redirect to the login endpoint
      Given "alice" is logged in to "crm"
      Then "alice" is not sent to log in when she opens "app" in her browser

    @OI-051
    Scenario: A user who follows the redirect and logs in returns to the server with an OAuth session
      When "alice" opens "app" in her browser and logs in
      Then the login ends at the server
      And the session of "alice" with "crm" shows that she is logged in
      And "alice" is not sent to log in when she opens "app" in her browser

  Rule: Service Account integrations and requests by programs cause no redirect

    @OI-101
    Scenario: A viewer opens content with a Service Account integration without a redirect to a login endpoint
      Given a Service Account integration "warehouse"
      And "paula" has published python-api content "depot"
      And "depot" is associated with "warehouse"
      And "alice" has Viewer permission on "depot"
      Then "alice" is not sent to log in when she opens "depot" in her browser

    @OI-121
    Scenario: A program with an API key opens content without a redirect to the login endpoint
      Given "alice" has an API key
      Then "alice" is sent to log in to "crm" when she opens "app" in her browser
      And "alice" is not sent to log in when her program opens "app" with her API key
